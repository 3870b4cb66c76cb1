package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const (
	alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	block    = 64 // characters
	decoded  = 48 // bytes of a block
)

// files are what there is to generate, by the name of the output without
// _amd64.s.
var files = map[string]func(){
	"avx2":   func() { decodeBlocksFunc(); markBlocksFunc() },
	"avx512": func() { decodeFunc(); markFunc() },
}

func main() {
	name := flag.String("file", "", "the file to generate: avx2 or avx512")
	flag.Parse()
	write := files[*name]
	if write == nil {
		fmt.Fprintf(os.Stderr, "asm: no file %q\n", *name)
		os.Exit(2)
	}
	ConstraintExpr("!purego")
	write()
	Generate()
}

// bytes makes a table of n bytes.
func bytes(name string, n int, at func(i int) int) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := 0; i < n; i += 8 {
		word := uint64(0)
		for k := range 8 {
			word |= uint64(at(i+k)) << (8 * k)
		}
		DATA(i, U64(word))
	}
	return m
}

// decodeFunc writes decodeVBMI. A block of 64 characters becomes 64 sextets by
// a look-up in a table of 128 (VPERMI2B goes by the low seven bits of each byte),
// pairs of them 12 bits and pairs of those 24 (multiply and add), whose three
// bytes are then put in order without the gaps. Bit 7 of an entry says that the
// character is not in the alphabet, bit 7 of a character that it is not ASCII;
// all of them are gathered and looked at once, at the end. The last block is
// filled up with A, which stands for 0: what then is not 0 beyond its last byte
// are bits that no encoder would have set.
func decodeFunc() {
	TEXT("decodeVBMI", NOSPLIT, "func(dst, src *byte, n int) (valid bool)")
	Doc("decodeVBMI decodes n base64url characters at src to n*3/4 bytes at dst, and touches",
		"no others. It reports whether all were in the alphabet and no bit was left over.",
		"n is not 1 modulo 4.")
	Pragma("noescape")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	n := Load(Param("n"), GP64())

	sextet := func(i int) int {
		if v := strings.IndexByte(alphabet, byte(i)); v >= 0 {
			return v
		}
		return 0x80
	}
	load := func(m Mem) VecVirtual {
		z := ZMM()
		VMOVDQU64(m, z)
		return z
	}
	table := bytes("sextets", 128, sextet)
	low, high := load(table), load(table.Offset(64))
	pairs := load(bytes("pairs", 64, func(i int) int { return []int{1 << 6, 1}[i%2] }))
	quads := load(bytes("quads", 64, func(i int) int { return []int{0, 1 << 4, 1, 0}[i%4] }))
	order := load(bytes("order", 64, func(i int) int {
		if i >= decoded {
			return 0
		}
		return i/3*4 + 2 - i%3
	}))
	whole := GP64()
	MOVQ(U64(1<<decoded-1), whole)
	kept := K()
	KMOVQ(whole, kept)
	bad := ZMM()
	VPXORQ(bad, bad, bad)
	in, v := ZMM(), ZMM()
	decode := func() {
		VMOVDQA64(in, v)
		VPERMI2B(high, low, v)
		VPTERNLOGQ(U8(0xfe), in, v, bad) // bad |= in | v
		VPMADDUBSW(pairs, v, v)
		VPMADDWD(quads, v, v)
		VPERMB(v, order, v)
		VMOVDQU8(v, kept, Mem{Base: dst})
	}

	Label("next")
	CMPQ(n, U8(block))
	JB(LabelRef("last"))
	VMOVDQU64(Mem{Base: src}, in)
	decode()
	ADDQ(U8(block), src)
	ADDQ(U8(decoded), dst)
	SUBQ(U8(block), n)
	JMP(LabelRef("next"))

	Label("last")
	invalid, over := K(), K()
	KXORQ(over, over, over)
	TESTQ(n, n)
	JZ(LabelRef("done"))
	ones, characters, full := GP64(), GP64(), K()
	MOVQ(I32(-1), ones)
	BZHIQ(n, ones, characters)
	KMOVQ(characters, full)
	VMOVDQU64(bytes("zeros", 64, func(int) int { return 'A' }), in)
	VMOVDQU8(Mem{Base: src}, full, in)
	left, count := GP64(), GP64()
	LEAQ(Mem{Base: n, Index: n, Scale: 2}, count)
	SHRQ(U8(2), count)
	BZHIQ(count, whole, left)
	KMOVQ(left, kept)
	decode()
	ANDNQ(whole, left, left)
	KMOVQ(left, kept)
	VPTESTMB(v, v, kept, over)

	Label("done")
	VPMOVB2M(bad, invalid)
	KORTESTQ(invalid, over)
	valid := GP8()
	SETEQ(valid)
	Store(valid, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// markFunc writes markAVX512. As signed bytes the control characters and all that
// is not ASCII are those below a space.
func markFunc() {
	TEXT("markAVX512", NOSPLIT, "func(marks *uint64, b *byte, n int)")
	Doc("markAVX512 sets a bit for each of n bytes at b that is a quote, a backslash, a control",
		"character or not ASCII, and for all bits after the last: n/64+1 words at marks.")
	Pragma("noescape")
	marks, b := Load(Param("marks"), GP64()), Load(Param("b"), GP64())
	n := Load(Param("n"), GP64())
	all := func(c int) VecVirtual {
		r, z := GP32(), ZMM()
		MOVL(I32(c), r)
		VPBROADCASTB(r, z)
		return z
	}
	quote, escape, space := all('"'), all('\\'), all(' ')
	in := ZMM()
	mark := func() {
		m, k := K(), K()
		VPCMPEQB(quote, in, m)
		VPCMPEQB(escape, in, k)
		KORQ(k, m, m)
		VPCMPB(U8(1), space, in, k) // in < space
		KORQ(k, m, m)
		KMOVQ(m, Mem{Base: marks})
	}

	Label("next")
	CMPQ(n, U8(block))
	JB(LabelRef("last"))
	VMOVDQU64(Mem{Base: b}, in)
	mark()
	ADDQ(U8(block), b)
	ADDQ(U8(8), marks)
	SUBQ(U8(block), n)
	JMP(LabelRef("next"))

	Label("last")
	ones, left, loaded := GP64(), GP64(), K()
	MOVQ(I32(-1), ones)
	BZHIQ(n, ones, left)
	KMOVQ(left, loaded)
	VMOVDQU8_Z(Mem{Base: b}, loaded, in) // and 0, which is a control character
	mark()
	VZEROUPPER()
	RET()
}
