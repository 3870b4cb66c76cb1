package introspect

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/introspect/account"
)

var (
	errLoginType = invalidRequest("body must be application/x-www-form-urlencoded, multipart/form-data or application/json, named in Content-Type")
	errLoginJSON = invalidRequest("body looks like JSON: send it with Content-Type: application/json")
	errMultipart = invalidRequest("body must be a form whose fields id and password are text, each there once")
)

// A loginBody is what a login sends. The values have not been checked.
type loginBody struct {
	id       string
	password []byte
	code     string // of the second factor, where the person has one
	next     []byte // the password to have from now on, where that is changed
}

func loginFields(fields map[string]string) loginBody {
	return loginBody{fields["id"], []byte(fields["password"]), fields["otp"], []byte(fields["new_password"])}
}

// readLogin reads a login from a form, as a page's FormData or a form element
// sends it, or from a JSON object.
func readLogin(ctx *fasthttp.RequestCtx) (loginBody, error) {
	kind, parameters, err := mime.ParseMediaType(string(ctx.Request.Header.ContentType()))
	if err != nil && kind == "" {
		kind = "none"
	}
	switch kind {
	case "application/json":
		members, err := readObject(ctx.PostBody())
		return loginFields(members), err
	case "multipart/form-data":
		fields, err := readMultipart(ctx.PostBody(), parameters["boundary"])
		return loginFields(fields), err
	case string(formType):
	default:
		return loginBody{}, errLoginType
	}
	f, err := readForm(ctx)
	if err != nil {
		return loginBody{}, err
	}
	l := loginBody{f.get("id"), f.peek("password"), f.get("otp"), f.peek("new_password")}
	if l.id == "" && bytes.HasPrefix(bytes.TrimLeft(ctx.PostBody(), " \t\r\n"), []byte("{")) {
		return loginBody{}, errLoginJSON
	}
	return l, nil
}

// readMultipart reads a form of text fields (RFC 7578). No name may be there
// twice, and none may be a file.
func readMultipart(body []byte, boundary string) (map[string]string, error) {
	if boundary == "" {
		return nil, errMultipart
	}
	in := multipart.NewReader(bytes.NewReader(body), boundary)
	fields := map[string]string{}
	for len(fields) <= maxParameters {
		part, err := in.NextPart()
		if err == io.EOF {
			return fields, nil
		}
		if err != nil || part.FileName() != "" {
			return nil, errMultipart
		}
		value, err := io.ReadAll(io.LimitReader(part, account.MaxPassword+1))
		if _, twice := fields[part.FormName()]; err != nil || twice {
			return nil, errMultipart
		}
		fields[part.FormName()] = string(value)
	}
	return nil, errMultipart
}

var errLoginBody = invalidRequest("body must be one JSON object in UTF-8 with the strings id and password, each once")

// readObject reads a JSON object of strings. Other members may be anything; no
// name may be there twice.
func readObject(body []byte) (map[string]string, error) {
	if !utf8.Valid(body) { // package json would change it
		return nil, errLoginBody
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errLoginBody
	}
	members := map[string]string{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, errLoginBody
		}
		var value any
		if err := dec.Decode(&value); err != nil {
			return nil, errLoginBody
		}
		if _, twice := members[name.(string)]; twice {
			return nil, errLoginBody
		}
		text, ok := value.(string)
		if !ok && (name == "id" || name == "password") {
			return nil, errLoginBody
		}
		members[name.(string)] = text
	}
	if _, err := dec.Token(); err != nil || dec.InputOffset() != int64(len(bytes.TrimRight(body, " \t\r\n"))) {
		return nil, errLoginBody
	}
	return members, nil
}
