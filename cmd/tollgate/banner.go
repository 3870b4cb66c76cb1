package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// banner tells what runs where and what to try. Every line of the tries works
// as pasted, at every start: the secrets are taken from the file, and never
// stand in an argument that others on the machine could see.
func banner(w io.Writer, s settings, demo string, accounts secrets, first bool) error {
	var b strings.Builder
	row := func(name, address, admin string) {
		fmt.Fprintf(&b, "  %-17s http://%s", name, address)
		if admin != "" {
			fmt.Fprintf(&b, "   admin http://%s", admin)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "tollgate dev: mode %s, data in %s\n\n", s.Mode, s.Data)
	row("gateway", s.Listen, s.Admin)
	row("security service", s.Introspect, s.IntrospectAdmin)
	row("orders service", s.Service, "")
	if s.Mode != "jwt" {
		state := "on for " + s.CacheTTL.String() + " (--cache-ttl 0 turns it off)"
		if s.CacheTTL == 0 {
			state = "off (--cache-ttl 10s turns it on)"
		}
		fmt.Fprintf(&b, "\nIntrospection cache: %s\n", state)
	}
	if first {
		fmt.Fprintf(&b, "\nAccounts, shown this once and kept in %s:\n", demo)
		for _, id := range slices.SortedFunc(maps.Keys(accounts), cmp.Compare[string]) {
			fmt.Fprintf(&b, "  %-11s %s\n", id, accounts[id])
		}
	}
	tries(&b, s, quote(demo))
	_, err := io.WriteString(w, b.String())
	return err
}

func tries(b *strings.Builder, s settings, demo string) {
	gateway := "http://" + s.Listen
	try := func(what string, commands ...string) {
		fmt.Fprintf(b, "\n%s\n", what)
		for _, c := range commands {
			fmt.Fprintf(b, "  %s\n", c)
		}
	}
	// secret cuts a secret out of demo.json and puts it into a text.
	secret := func(id, text string) string {
		return `sed -n 's/.*"` + id + `": "\(.*\)".*/` + strings.ReplaceAll(text, "&", `\&`) + `/p' ` + demo
	}
	login := func(id string) string {
		return "TOKEN=$(" + secret(id, `id=`+id+`&password=\1`) + " | curl -sS " + gateway + `/login -d @- | sed 's/.*"access_token": *"\([^"]*\)".*/\1/')`
	}
	const bearer = ` -H "Authorization: Bearer $TOKEN"`
	try("Log in as customer-1, place an order, and see what the service behind the gateway was told:",
		login("customer-1"),
		"curl -sS "+gateway+"/orders"+bearer+` -d '{"item":"tea"}'`,
		"curl -sS "+gateway+"/orders"+bearer,
		"curl -sS "+gateway+"/whoami"+bearer)
	try("Refused: no token, no such role, a path that no route allows:",
		"curl -sSi "+gateway+"/orders",
		"curl -sSi "+gateway+"/admin/orders"+bearer,
		"curl -sSi "+gateway+"/elsewhere"+bearer)
	try("Log out: the token ends everywhere:",
		"curl -sSi -X POST "+gateway+"/logout"+bearer,
		"curl -sSi "+gateway+"/orders"+bearer)
	try("An API user sends its secret with every request, and the service behind sees a token:",
		secret("reporting", `X-API-Key: \1`)+" | curl -sS -H @- "+gateway+"/reports/daily",
		secret("reporting", `X-API-Key: \1`)+" | curl -sS -H @- "+gateway+"/whoami")
	if s.Issuer == gateway {
		try("In a browser: log in to the example application as customer-1, and see your account:",
			gateway+"/app/",
			gateway+"/account")
	}
	b.WriteByte('\n')
}

// quote makes one word of s for a shell.
func quote(s string) string {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("/._-+", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
