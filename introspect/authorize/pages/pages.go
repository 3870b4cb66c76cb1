// Package pages holds what people see of the security service: HTML from
// templates, one stylesheet, one script of a line, and a catalogue of messages
// a language. Nothing here knows what the pages are for.
package pages

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed html style.css post.js icon.svg catalogue
var files embed.FS

// Style is the stylesheet of all pages.
var Style = read("style.css")

// Script submits the form of a form_post answer.
var Script = read("post.js")

// Icon is the pages' icon.
var Icon = read("icon.svg")

func read(name string) []byte {
	b, err := files.ReadFile(name)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return b
}

// A Message is the key of a text in the catalogues.
type Message string

// A Problem is the key of a text that says what is wrong, with a second one
// under KEY.help that says what to do.
type Problem string

// What a login page may say of the attempt before.
const (
	WrongPassword Message = "login.wrong"
	TooManyLogins Message = "login.limited"
	Busy          Message = "login.busy"
	WrongCode     Message = "factor.wrong"
)

// What a page may show instead of an answer.
const (
	UnknownApplication Problem = "problem.application"
	WrongRedirect      Problem = "problem.redirect"
	NotBegunHere       Problem = "problem.foreign"
	TooOld             Problem = "problem.old"
	NotLoggedIn        Problem = "problem.login"
	Unavailable        Problem = "problem.unavailable"
)

// A Page is one page: exactly one of its parts is there.
type Page struct {
	Language string // of the catalogue
	Login    *Login
	Consent  *Consent
	Factor   *Factor
	Second   *Second
	Logout   *Logout
	Account  *Account
	Post     *Post
	Problem  Problem
	Detail   string // of a Problem, in English, for the application's makers

	LoggedOut bool
}

// Login asks for id and password.
type Login struct {
	Application string
	Request     string // sealed
	ID          string // to begin with
	Wrong       Message
}

// Factor asks for the second factor.
type Factor struct {
	Request string // sealed
	User    string
	Wrong   Message
}

// Second sets up a second factor: it shows the secret, or asks for a code to
// take the factor away by, or shows the recovery codes.
type Second struct {
	Form     string // sealed
	Secret   string // in base32
	Picture  template.URL
	Remove   bool
	Wrong    Message
	Recovery []string
}

// Consent asks what an application may have.
type Consent struct {
	Application string
	Request     string // sealed
	User        string
	Scopes      []string
}

// Logout asks whether to log out.
type Logout struct {
	User    string
	Request string // sealed
}

// Account shows where a person is logged in, and who may act for them.
type Account struct {
	User     string
	Second   bool   // there is a second factor
	Form     string // sealed
	Browsers []AccountBrowser
	Consents []AccountConsent
}

// AccountBrowser is a login.
type AccountBrowser struct {
	ID, Agent, Network string
	Since              time.Time
	This               bool // the browser that shows the page
}

// AccountConsent is a consent.
type AccountConsent struct {
	Client, Name string
	Scopes       []string
	Since        time.Time
}

// Post is a form that the browser sends on by itself.
type Post struct {
	To     string
	Fields [][2]string
}

// catalogues are the texts by language.
var catalogues = func() map[string]map[string]string {
	all := map[string]map[string]string{}
	entries, err := files.ReadDir("catalogue")
	if err != nil {
		panic("BUG: " + err.Error())
	}
	for _, e := range entries {
		texts := map[string]string{}
		if err := json.Unmarshal(read("catalogue/"+e.Name()), &texts); err != nil {
			panic("BUG: catalogue " + e.Name() + ": " + err.Error())
		}
		all[strings.TrimSuffix(e.Name(), ".json")] = texts
	}
	return all
}()

// Language is the catalogue that an Accept-Language asks for most (RFC 9110,
// section 12.5.4); English where it names none that there is.
func Language(accept string) string {
	best, weight := "en", 0.0
	for part := range strings.SplitSeq(accept, ",") {
		tag, parameters, _ := strings.Cut(strings.TrimSpace(part), ";")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(parameters), "q="); ok {
			var err error
			if q, err = strconv.ParseFloat(v, 64); err != nil {
				continue
			}
		}
		language, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if _, ok := catalogues[language]; ok && q > weight {
			best, weight = language, q
		}
	}
	return best
}

// Languages are those of the catalogues.
func Languages() []string {
	var list []string
	for l := range catalogues {
		list = append(list, l)
	}
	slices.Sort(list)
	return list
}

// Pages writes pages for one installation. It is safe for concurrent use.
type Pages struct {
	title     string
	below     string // the path under which the endpoints are
	templates *template.Template
}

// New returns the Pages of an installation called title.
func New(title, below string) *Pages {
	t := template.New("")
	return &Pages{title, below, template.Must(t.ParseFS(files, "html/*.html"))}
}

// view is what the templates see.
type view struct {
	*Page
	Title string // of the installation
	Below string
}

// Text is a text of the page's language, with what is to be put into it.
func (v view) Text(key string, args ...any) string {
	text, ok := catalogues[v.Language][key]
	if !ok {
		text, ok = catalogues["en"][key]
	}
	if !ok {
		return key // a scope that is not described
	}
	return fmt.Sprintf(text, args...)
}

// Scope describes a scope.
func (v view) Scope(name string) string {
	key := "scope." + name
	if text := v.Text(key); text != key {
		return text
	}
	return name
}

// Date writes a time for people.
func (v view) Date(t time.Time) string { return t.Format("2006-01-02 15:04 UTC") }

// Write writes p to w.
func (p *Pages) Write(w io.Writer, page *Page) {
	if page.Language == "" {
		page.Language = "en"
	}
	if err := p.templates.ExecuteTemplate(w, "page.html", view{page, p.title, p.below}); err != nil {
		panic("BUG: page: " + err.Error()) // into memory, so nothing else can fail
	}
}
