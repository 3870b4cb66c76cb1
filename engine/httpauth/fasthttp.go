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
	ctx.Response.Header.Set(f.field())
	ctx.Response.Header.Set("Cache-Control", "no-store")
	ctx.SetContentType("application/json")
	ctx.SetBodyString(f.body)
}

type fastRequest struct{ ctx *fasthttp.RequestCtx }

func (f fastRequest) appendHeader(dst []byte, name string) ([]byte, int) {
	values := f.ctx.Request.Header.PeekAll(name)
	if len(values) > 0 {
		dst = append(dst, values[0]...)
	}
	return dst, len(values)
}

func (f fastRequest) peer() string { return f.ctx.RemoteAddr().String() }
