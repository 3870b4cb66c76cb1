package httpauth

import "github.com/valyala/fasthttp"

// FastHTTP is Handler for fasthttp.
func (a *Auth) FastHTTP(next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		c, err := a.identify(fastRequest{ctx})
		if err != nil {
			refusalOf(err).writeFast(ctx)
			return
		}
		ctx.SetUserValue(key{}, c)
		next(ctx)
	}
}

// FastHTTP is Handler for fasthttp.
func (p Permission) FastHTTP(next fasthttp.RequestHandler) fasthttp.RequestHandler {
	no := p.refusal()
	return func(ctx *fasthttp.RequestCtx) {
		switch c := Caller(ctx); {
		case c == nil:
			nobody.writeFast(ctx)
		case !p.Permits(c):
			no.writeFast(ctx)
		default:
			next(ctx)
		}
	}
}

func (f *refusal) writeFast(ctx *fasthttp.RequestCtx) {
	ctx.Response.Reset()
	ctx.SetStatusCode(f.status)
	ctx.Response.Header.Set("WWW-Authenticate", f.challenge)
	ctx.Response.Header.Set("Cache-Control", "no-store")
	ctx.SetContentType("application/json")
	ctx.SetBodyString(f.body)
}

type fastRequest struct{ ctx *fasthttp.RequestCtx }

// header copies: fasthttp's bytes are gone when the handler returns.
func (f fastRequest) header(name string) []string {
	var values []string
	for _, v := range f.ctx.Request.Header.PeekAll(name) {
		values = append(values, string(v))
	}
	return values
}

func (f fastRequest) peer() string { return f.ctx.RemoteAddr().String() }
