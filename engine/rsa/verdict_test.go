package rsa

import (
	"bytes"
	"crypto"
	std "crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"math/big"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/c2sp/wycheproof"

	"github.com/tollgate/tollgate/internal/guard"
)

var (
	generatedCases = flag.Int("generated", 1200, "how many cases TestGenerated makes")
	generatedSeed  = flag.Uint64("seed", 1, "what TestGenerated makes its cases from")
)

// testKeys are private keys of the sizes that the assembly knows, one that it
// does not know, and one with another exponent.
var testKeys = sync.OnceValue(func() []*std.PrivateKey {
	var list []*std.PrivateKey
	for _, bits := range []int{2048, 3072, 4096, 2056} {
		k, err := std.GenerateKey(nil, bits)
		if err != nil {
			panic(err)
		}
		list = append(list, k)
	}
	small := *list[0]
	small.E = 3
	for p1 := range 1000 { // e = 3 wants primes that are 2 modulo 3
		k, err := std.GenerateKey(nil, 2048)
		if err != nil {
			panic(err)
		}
		phi := new(big.Int).Mul(new(big.Int).Sub(k.Primes[0], big.NewInt(1)), new(big.Int).Sub(k.Primes[1], big.NewInt(1)))
		if d := new(big.Int).ModInverse(big.NewInt(3), phi); d != nil {
			small = std.PrivateKey{PublicKey: std.PublicKey{N: k.N, E: 3}, D: d, Primes: k.Primes}
			break
		}
		if p1 == 999 {
			panic("no key with the exponent 3")
		}
	}
	return append(list, &small)
})

// raw signs em as it is, whatever it holds.
func raw(k *std.PrivateKey, em []byte) []byte {
	m := new(big.Int).SetBytes(em)
	return m.Exp(m.Mod(m, k.N), k.D, k.N).FillBytes(make([]byte, k.Size()))
}

var hashes = []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512, crypto.SHA1, crypto.SHA224}

func digestOf(h crypto.Hash, message []byte) []byte {
	d := h.New()
	d.Write(message)
	return d.Sum(nil)
}

// agree holds every backend's verdict, by both schemes, to crypto/rsa's.
func agree(t *testing.T, key *std.PublicKey, h crypto.Hash, digest, sig []byte) (pkcs, pss bool) {
	t.Helper()
	pkcs = std.VerifyPKCS1v15(key, h, digest, sig) == nil
	pss = std.VerifyPSS(key, h, digest, sig, saltAsHash) == nil
	for _, b := range backends {
		k := madeFor(b, key)
		if got := k.VerifyPKCS1v15(h, digest, sig); got != pkcs {
			t.Fatalf("%s, %d bits, %v, PKCS #1 v1.5: %v, crypto/rsa says %v\nn %x\ndigest %x\nsig %x", b, key.N.BitLen(), h, got, pkcs, key.N, digest, sig)
		}
		if got := k.VerifyPSS(h, digest, sig); got != pss {
			t.Fatalf("%s, %d bits, %v, PSS: %v, crypto/rsa says %v\nn %x\ndigest %x\nsig %x", b, key.N.BitLen(), h, got, pss, key.N, digest, sig)
		}
	}
	return pkcs, pss
}

var made = map[string]*PublicKey{}

func madeFor(b backend, key *std.PublicKey) *PublicKey {
	name := fmt.Sprint(b, key.E, key.N)
	k := made[name]
	if k == nil {
		k = newPublicKey(b, key)
		made[name] = k
	}
	return k
}

// Project Wycheproof's signatures by RSA, under every backend.
func TestWycheproof(t *testing.T) {
	names, err := fs.Glob(wycheproof.TestVectors, "rsa_*_test.json")
	if err != nil {
		t.Fatal(err)
	}
	algorithms := map[string]crypto.Hash{
		"SHA-1": crypto.SHA1, "SHA-224": crypto.SHA224, "SHA-256": crypto.SHA256, "SHA-384": crypto.SHA384, "SHA-512": crypto.SHA512,
		"SHA-512/224": crypto.SHA512_224, "SHA-512/256": crypto.SHA512_256,
	}
	n, valid := 0, 0
	for _, name := range names {
		data, err := fs.ReadFile(wycheproof.TestVectors, name)
		if err != nil {
			t.Fatal(err)
		}
		var file struct {
			Algorithm  string
			TestGroups []struct {
				Sha       string
				MgfSha    string
				SLen      *int
				PublicKey struct{ Modulus, PublicExponent string }
				Tests     []struct {
					TcID             int
					Msg, Sig, Result string
				}
			}
		}
		if err := json.Unmarshal(data, &file); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if file.Algorithm != "RSASSA-PKCS1-v1_5" && file.Algorithm != "RSASSA-PSS" {
			continue
		}
		for _, g := range file.TestGroups {
			h, ok := algorithms[g.Sha]
			if !ok || !h.Available() || g.PublicKey.Modulus == "" {
				continue
			}
			e := new(big.Int).SetBytes(unhex(g.PublicKey.PublicExponent))
			key := &std.PublicKey{N: new(big.Int).SetBytes(unhex(g.PublicKey.Modulus)), E: int(e.Int64())}
			if _, err := NewPublicKey(key); err != nil {
				continue
			}
			ours := file.Algorithm != "RSASSA-PSS" || g.SLen != nil && *g.SLen == h.Size() && (g.MgfSha == "" || g.MgfSha == g.Sha)
			for _, v := range g.Tests {
				pkcs, pss := agree(t, key, h, digestOf(h, unhex(v.Msg)), unhex(v.Sig))
				n++
				if !ours || v.Result == "acceptable" {
					continue
				}
				got := pkcs
				if file.Algorithm == "RSASSA-PSS" {
					got = pss
				}
				if got != (v.Result == "valid") {
					t.Errorf("%s, tcId %d: verified %v, want %s", name, v.TcID, got, v.Result)
				}
				if got {
					valid++
				}
			}
		}
	}
	if n < 3000 || valid < 300 {
		t.Errorf("%d cases, %d of them valid: the files are not all there", n, valid)
	}
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// encodings are what a forger may sign instead of the right encoding of a digest:
// each byte of the padding changed, BER instead of DER, other hashes' prefixes,
// short paddings with garbage behind (Bleichenbacher 2006, BERserk).
func encodings(h crypto.Hash, digest []byte, size int) map[string][]byte {
	prefix := prefixOf(h)
	right := func(prefix, digest []byte) []byte {
		t := append(bytes.Clone(prefix), digest...)
		em := append([]byte{0, 1}, bytes.Repeat([]byte{0xff}, size-3-len(t))...)
		return append(append(em, 0), t...)
	}
	em := right(prefix, digest)
	change := func(at int, to byte) []byte {
		b := bytes.Clone(em)
		b[at] = to
		return b
	}
	zero := bytes.LastIndexByte(em[:size-len(prefix)-len(digest)], 0)
	all := map[string][]byte{
		"right": em, "block type 2": change(1, 2), "block type 0": change(1, 0), "first byte 1": change(0, 1),
		"padding 0xfe": change(20, 0xfe), "padding ends early": change(20, 0), "first of the padding": change(2, 0xfe),
		"last of the padding": change(zero-1, 0xfe), "no zero": change(zero, 0xff), "zero is one": change(zero, 1),
		"tag": change(zero+1, 0x31), "length": change(zero+2, em[zero+2]+1), "last byte": change(size-1, em[size-1]^1),
		"first byte of the digest": change(size-len(digest), em[size-len(digest)]^0x80),
		"all zero":                 make([]byte, size), "all 0xff": bytes.Repeat([]byte{0xff}, size),
	}
	// Eight bytes of padding and garbage behind the digest.
	garbage := append([]byte{0, 1}, bytes.Repeat([]byte{0xff}, 8)...)
	garbage = append(append(append(garbage, 0), prefix...), digest...)
	all["garbage behind"] = append(garbage, bytes.Repeat([]byte{0x55}, size-len(garbage))...)
	// The digest's length in the long form of BER.
	if long := bytes.Clone(prefix); len(long) > 2 {
		ber := append([]byte{long[0], 0x81}, long[1:]...)
		all["BER length"] = right(ber, digest)
		all["no NULL"] = right(append(bytes.Clone(long[:len(long)-4]), long[len(long)-2:]...), digest)
	}
	other := crypto.SHA256
	if h == other {
		other = crypto.SHA384
	}
	all["another hash's prefix"] = right(prefixOf(other), digest)
	return all
}

func TestForgedEncodings(t *testing.T) {
	for _, k := range testKeys() {
		for _, h := range hashes[:3] {
			digest := digestOf(h, []byte("message"))
			for name, em := range encodings(h, digest, k.Size()) {
				pkcs, _ := agree(t, &k.PublicKey, h, digest, raw(k, em))
				// A number of N or more has no signature of its own, so all 0xff is another.
				if want := name == "right"; pkcs != want {
					t.Errorf("%d bits, e = %d, %v, %s: verified %v, want %v", k.N.BitLen(), k.E, h, name, pkcs, want)
				}
			}
		}
	}
}

// Right signatures, and what is left of them after a change: sizes one off, s + N,
// s = 0, 1, N - 1 and N, other hashes, the other scheme, other salts.
func TestGenerated(t *testing.T) {
	cases := *generatedCases
	if testing.Short() {
		cases /= 3
	}
	r := rand.New(rand.NewPCG(*generatedSeed, 0))
	keys := testKeys()
	counts := map[string]int{}
	for i := range cases {
		k := keys[r.IntN(len(keys))]
		if k.N.BitLen() == 4096 && r.IntN(4) > 0 {
			k = keys[0] // signing with the largest is slow
		}
		h := hashes[r.IntN(len(hashes))]
		digest := digestOf(h, fmt.Append(nil, i))
		var sig []byte
		var err error
		kind := ""
		switch r.IntN(3) {
		case 0:
			kind = "PKCS1v15"
			sig, err = std.SignPKCS1v15(nil, k, h, digest)
		case 1:
			kind = "PSS"
			sig, err = std.SignPSS(randomReader{r}, k, h, digest, saltAsHash)
		case 2:
			kind = "PSS, another salt"
			sig, err = std.SignPSS(randomReader{r}, k, h, digest, &std.PSSOptions{SaltLength: r.IntN(h.Size() + 4)})
		}
		if err != nil {
			t.Fatal(err)
		}
		change := r.IntN(14)
		switch change {
		case 0, 1, 2: // as it is
		case 3:
			sig[r.IntN(len(sig))] ^= 1 << r.IntN(8)
		case 4:
			sig = sig[1:]
		case 5:
			sig = append([]byte{0}, sig...)
		case 6:
			sig = sig[:len(sig)-1]
		case 7:
			sum := new(big.Int).Add(new(big.Int).SetBytes(sig), k.N)
			if sum.BitLen() > 8*k.Size() {
				sum.Sub(sum, k.N)
			}
			sig = sum.FillBytes(sig)
		case 8:
			special := []*big.Int{big.NewInt(0), big.NewInt(1), new(big.Int).Sub(k.N, big.NewInt(1)), k.N, new(big.Int).Add(k.N, big.NewInt(1))}
			sig = special[r.IntN(len(special))].FillBytes(make([]byte, k.Size()))
		case 9:
			h = hashes[r.IntN(len(hashes))]
		case 10:
			digest = digest[:len(digest)-1]
		case 11:
			digest[r.IntN(len(digest))] ^= 1
		case 12: // an encoding of PSS with one bit changed, signed
			em := new(big.Int).Exp(new(big.Int).SetBytes(sig), big.NewInt(int64(k.E)), k.N).FillBytes(make([]byte, k.Size()))
			em[r.IntN(len(em))] ^= 1 << r.IntN(8)
			sig = raw(k, em)
		case 13:
			sig = make([]byte, k.Size())
			randomReader{r}.Read(sig)
		}
		pkcs, pss := agree(t, &k.PublicKey, h, digest, sig)
		counts[fmt.Sprint(kind, " ", pkcs || pss)]++
	}
	t.Logf("seed %d: %v", *generatedSeed, counts)
	for _, want := range []string{"PKCS1v15 true", "PSS true", "PKCS1v15 false", "PSS false"} {
		if counts[want] < cases/40 {
			t.Errorf("%s: %d of %d cases, too few to show anything", want, counts[want], cases)
		}
	}
}

// randomReader is a source of random bytes that a seed repeats.
type randomReader struct{ r *rand.Rand }

func (r randomReader) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r.r.Uint32())
	}
	return len(p), nil
}

// Any signature and digest: the verdict of every backend is crypto/rsa's.
func FuzzVerify(f *testing.F) {
	keys := testKeys()
	digest := sha256.Sum256([]byte("seed"))
	for i, k := range keys {
		sig, err := std.SignPKCS1v15(nil, k, crypto.SHA256, digest[:])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), uint8(0), digest[:], sig)
	}
	f.Fuzz(func(t *testing.T, key, hash uint8, digest, sig []byte) {
		agree(t, &keys[int(key)%len(keys)].PublicKey, hashes[int(hash)%len(hashes)], digest, sig)
	})
}

// Nothing is read or written beyond digest and signature.
func TestGuardPages(t *testing.T) {
	for _, k := range testKeys()[:3] {
		digest := sha256.Sum256([]byte("m"))
		good, err := std.SignPKCS1v15(nil, k, crypto.SHA256, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		for _, place := range []func(testing.TB, int) []byte{guard.Before, guard.After} {
			d, s := place(t, len(digest)), place(t, len(good))
			copy(d, digest[:])
			copy(s, good)
			if pkcs, _ := agree(t, &k.PublicKey, crypto.SHA256, d, s); !pkcs {
				t.Errorf("%d bits: a good signature at the edge of a page is refused", k.N.BitLen())
			}
		}
	}
}

func TestNoAllocations(t *testing.T) {
	if Backend() == "generic" {
		t.Skip("crypto/rsa allocates")
	}
	for _, k := range testKeys()[:3] {
		key, err := NewPublicKey(&k.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		d256, d512 := sha256.Sum256(nil), sha512.Sum512(nil)
		pkcs, err := std.SignPKCS1v15(nil, k, crypto.SHA256, d256[:])
		if err != nil {
			t.Fatal(err)
		}
		pss, err := std.SignPSS(randomReader{rand.New(rand.NewPCG(1, 1))}, k, crypto.SHA512, d512[:], saltAsHash)
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(20, func() {
			if !key.VerifyPKCS1v15(crypto.SHA256, d256[:], pkcs) || !key.VerifyPSS(crypto.SHA512, d512[:], pss) {
				t.Error("a good signature is refused")
			}
		}); n != 0 {
			t.Errorf("%d bits: %v allocations, want none", k.N.BitLen(), n)
		}
	}
}

func TestNewPublicKey(t *testing.T) {
	n := testKeys()[0].N
	f := func(what string, key *std.PublicKey) {
		t.Helper()
		if k, err := NewPublicKey(key); err == nil || k != nil {
			t.Errorf("%s: %v, %v; want an error", what, k, err)
		}
	}
	f("nil", nil)
	f("no modulus", &std.PublicKey{E: 65537})
	f("negative", &std.PublicKey{N: new(big.Int).Neg(n), E: 65537})
	f("even", &std.PublicKey{N: new(big.Int).Lsh(n, 1), E: 65537})
	f("512 bits", &std.PublicKey{N: new(big.Int).SetBit(new(big.Int).Rsh(n, 1536), 0, 1), E: 65537})
	f("9000 bits", &std.PublicKey{N: new(big.Int).SetBit(new(big.Int).Lsh(n, 9000-2048), 0, 1), E: 65537})
	f("exponent 1", &std.PublicKey{N: n, E: 1})
	f("even exponent", &std.PublicKey{N: n, E: 65536})
	f("exponent of 33 bits", &std.PublicKey{N: n, E: 1<<33 + 1})
	// The key is the caller's: what becomes of it later does not matter.
	k := testKeys()[0]
	mine := &std.PublicKey{N: new(big.Int).Set(k.N), E: k.E}
	key, err := NewPublicKey(mine)
	if err != nil {
		t.Fatal(err)
	}
	mine.N.SetInt64(15)
	digest := sha1.Sum([]byte("m"))
	sig, err := std.SignPKCS1v15(nil, k, crypto.SHA1, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	if !key.VerifyPKCS1v15(crypto.SHA1, digest[:], sig) {
		t.Error("a good signature is refused after the caller has changed its key")
	}
}
