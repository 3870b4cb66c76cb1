package jwt

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

// BenchmarkToken is what a verification takes beside its signature, stage by
// stage, for a token of RFC 9068; and what encoding/json takes to validate the
// payload alone.
func BenchmarkToken(b *testing.B) {
	payload := `{"iss":"https://issuer.example","sub":"customer-1","aud":"orders","client_id":"first-party","iat":1799999940,"exp":1800000600,` +
		`"jti":"3f0c9e6e-6d5f-4c1e-9f3a-0d8f5b7f6a11","sid":"9b2f1c","scope":"orders:read orders:write","roles":["customer","beta"]}`
	raw := compact(goodHeader, payload, strings.Repeat("s", 64))
	b.Logf("token of %d bytes, payload of %d", len(raw), len(payload))
	var known Headers
	token := new(Token)
	if err := token.Parse(raw, nil); err != nil {
		b.Fatal(err)
	}
	known.Learn(token)
	run := func(name string, do func() error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("stage=parse/header=known", func() error { return token.Parse(raw, &known) })
	run("stage=parse/header=new", func() error { return token.Parse(raw, nil) })
	run("stage=scan", func() error { token.payload.scanned = false; return token.Scan() })
	run("stage=claims", func() error { _, err := token.Claims(nil); return err })
	run("stage=scan/by=encoding-json", func() error {
		var m map[string]any
		return json.Unmarshal([]byte(payload), &m)
	})
	encoded := raw[strings.IndexByte(string(raw), '.')+1 : strings.LastIndexByte(string(raw), '.')]
	buffer := make([]byte, 0, 1024)
	run("stage=base64", func() error { _, _ = decode(buffer, encoded); return nil })
	run("stage=base64/by=encoding-base64", func() error {
		_, err := base64.RawURLEncoding.Strict().AppendDecode(buffer, encoded)
		return err
	})
}
