package introspect

import (
	"mime"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"
)

// wantsSigned reports whether the caller prefers an introspection answer that
// is a JWT (RFC 9701, section 4). Where it likes both as much, it gets that.
func wantsSigned(h *fasthttp.RequestHeader) bool {
	var signed, plain float64
	for _, line := range h.PeekAll(fasthttp.HeaderAccept) {
		for kind := range strings.SplitSeq(string(line), ",") {
			kind, quality := weigh(kind)
			switch kind {
			case answerType:
				signed = max(signed, quality)
			case "application/json":
				plain = max(plain, quality)
			}
		}
	}
	return signed > 0 && signed >= plain
}

// weigh reads one element of Accept (RFC 9110, section 12.5.1). What cannot be
// read weighs nothing.
func weigh(element string) (kind string, quality float64) {
	if !strings.Contains(element, ";") { // as gateways have it, for the least cost
		return strings.ToLower(strings.TrimSpace(element)), 1
	}
	kind, parameters, err := mime.ParseMediaType(element)
	if err != nil {
		return "", 0
	}
	q, ok := parameters["q"]
	if !ok {
		return kind, 1
	}
	quality, err = strconv.ParseFloat(q, 64)
	if err != nil || !(0 <= quality && quality <= 1) {
		return "", 0
	}
	return kind, quality
}
