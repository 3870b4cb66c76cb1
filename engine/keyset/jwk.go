package keyset

import (
	"bytes"
	std "crypto/ecdsa"
	"crypto/elliptic"
	stdrsa "crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"

	"github.com/tollgate/tollgate/engine/ecdsa"
	"github.com/tollgate/tollgate/engine/rsa"
)

// entry is a JWK: its members by their exact names. encoding/json's own
// decoding into structs would take KTY for kty and the last of two.
type entry map[string]json.RawMessage

// readEntry reads a JWK. Members that are null, "" or [] are absent: serialisers
// write them for what a key does not have.
func readEntry(b []byte) (entry, error) {
	e, err := object(b)
	for name, v := range e {
		switch string(bytes.Join(bytes.Fields(v), nil)) {
		case `null`, `""`, `[]`:
			delete(e, name)
		}
	}
	return e, err
}

// object reads the one JSON object that is all of b.
func object(b []byte) (entry, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, ErrEntry
	}
	e := make(entry)
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, ErrEntry
		}
		name := t.(string) // Token lets nothing else stand before a colon
		if _, ok := e[name]; ok {
			return nil, fmt.Errorf("%w: duplicate member", ErrEntry)
		}
		var v json.RawMessage
		if dec.Decode(&v) != nil {
			return nil, ErrEntry
		}
		e[name] = v
	}
	if _, err := dec.Token(); err != nil {
		return nil, ErrEntry
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, ErrEntry
	}
	return e, nil
}

// text is the string called name, "" where absent.
func (e entry) text(name string) (string, error) {
	v, ok := e[name]
	if !ok {
		return "", nil
	}
	if v[0] != '"' {
		return "", fmt.Errorf("%w: %s is not a string", ErrEntry, name)
	}
	var s string
	if json.Unmarshal(v, &s) != nil {
		return "", fmt.Errorf("%w: %s is not a string", ErrEntry, name)
	}
	return s, nil
}

// bytes is the base64url value called name, which must be there.
func (e entry) bytes(name string) ([]byte, error) {
	s, err := e.text(name)
	if err != nil {
		return nil, err
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) == 0 || strings.ContainsAny(s, "\r\n") { // which encoding/base64 skips
		return nil, fmt.Errorf("%w: %s is not base64url", ErrEntry, name)
	}
	return b, nil
}

// private are the members of RFC 7518, section 6, and RFC 8037, section 2, that
// no public key has.
var private = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"}

// keys makes the keys of e, one for each algorithm it serves, or says why not.
// uses are the values of use, beside sig, that mean a key for signatures.
func (e entry) keys(uses []string) ([]*Key, error) {
	for _, name := range private {
		if _, ok := e[name]; ok {
			return nil, ErrPrivate
		}
	}
	var k Key
	var kind, curve, alg string
	for name, to := range map[string]*string{"kid": &k.id, "kty": &kind, "crv": &curve, "alg": &alg} {
		var err error
		if *to, err = e.text(name); err != nil {
			return nil, err
		}
	}
	if err := e.use(uses); err != nil {
		return nil, err
	}
	if kind == "RSA" {
		curve = ""
	}
	serves, err := choose(alg, kind, curve)
	if err != nil {
		return nil, err
	}
	k.algorithm = serves[0]
	switch kind {
	case "OKP":
		err = e.okp(&k)
	case "EC":
		err = e.ec(&k)
	case "RSA":
		err = e.rsa(&k)
	}
	if err != nil {
		return nil, err
	}
	keys := make([]*Key, len(serves))
	for i, a := range serves {
		one := k // shares what was precomputed
		one.algorithm = a
		keys[i] = &one
	}
	return keys, nil
}

// use checks that the key is for signatures (RFC 7517, sections 4.2 and 4.3).
func (e entry) use(uses []string) error {
	if use, err := e.text("use"); err != nil {
		return err
	} else if use != "" && use != "sig" && !slices.Contains(uses, use) {
		return ErrUse
	}
	raw, ok := e["key_ops"]
	if !ok {
		return nil
	}
	var ops []string
	if raw[0] != '[' || json.Unmarshal(raw, &ops) != nil {
		return fmt.Errorf("%w: key_ops is not a list", ErrEntry)
	}
	if !slices.Contains(ops, "verify") {
		return ErrUse
	}
	return nil
}

var curves = map[string]elliptic.Curve{
	"P-256": elliptic.P256(),
	"P-384": elliptic.P384(),
	"P-521": elliptic.P521(),
}

// ec reads x and y, which have the full length of the field (RFC 7518, section
// 6.2.1.2).
func (e entry) ec(k *Key) error {
	curve := curves[k.algorithm.curve]
	size := (curve.Params().BitSize + 7) / 8
	point := []byte{4} // uncompressed, SEC 1 section 2.3.3
	for _, name := range []string{"x", "y"} {
		b, err := e.bytes(name)
		if err != nil {
			return err
		}
		if len(b) != size {
			return ErrPoint
		}
		point = append(point, b...)
	}
	public, err := std.ParseUncompressedPublicKey(curve, point)
	if err != nil {
		return ErrPoint
	}
	if k.ecdsa, err = ecdsa.NewPublicKey(public); err != nil {
		return ErrPoint
	}
	return nil
}

func (e entry) rsa(k *Key) error {
	n, err := e.bytes("n")
	if err != nil {
		return err
	}
	exp, err := e.bytes("e")
	if err != nil {
		return err
	}
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(exp)
	if bits := modulus.BitLen(); bits < 2048 || bits > 8192 || modulus.Bit(0) == 0 {
		return ErrRSA
	}
	if hasROCAShape(modulus) {
		return ErrROCA
	}
	if exponent.BitLen() > 31 || exponent.Int64() < 3 || exponent.Bit(0) == 0 {
		return ErrRSA
	}
	if k.rsa, err = rsa.NewPublicKey(&stdrsa.PublicKey{N: modulus, E: int(exponent.Int64())}); err != nil {
		return ErrRSA
	}
	return nil
}
