package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// everywhere is a byte in every place of a vector of 32.
func everywhere(name string, v byte) Mem { return bytes(name, 32, func(int) int { return int(v) }) }

func loadYMM(m Mem) VecVirtual {
	y := YMM()
	VMOVDQU(m, y)
	return y
}

// decodeBlocksFunc writes decodeAVX2. A block of 32 characters becomes 32 sextets:
// each class of the alphabet, a range or a character, has an offset, which is
// added where a comparison says so. Bytes are compared as signed ones, so that
// what is not ASCII is below all of them. Pairs of sextets become 12 bits and
// pairs of those 24, whose three bytes are then put in order, in each half.
func decodeBlocksFunc() {
	TEXT("decodeAVX2", NOSPLIT, "func(dst, src *byte, blocks int) (valid bool)")
	Doc("decodeAVX2 decodes blocks of 32 base64url characters at src to 24 bytes each at dst,",
		"and may change the 4 bytes after the last. It reports whether all were in the alphabet.",
		"There is at least one block.")
	Pragma("noescape")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	blocks := Load(Param("blocks"), GP64())

	pairs := bytes("pairs", 32, func(i int) int { return []int{1 << 6, 1}[i%2] })
	quads := bytes("quads", 32, func(i int) int { return []int{0, 1 << 4, 1, 0}[i%4] })
	order := bytes("order", 32, func(i int) int {
		if i%16 >= 12 {
			return 0x80
		}
		return i%16/3*4 + 2 - i%16%3
	})
	all := YMM()
	VPCMPEQB(all, all, all)

	Label("next")
	in := YMM()
	VMOVDQU(Mem{Base: src}, in)
	v, known := YMM(), YMM()
	class := func(name string, from, to byte, sextet int) {
		m := YMM()
		if from == to {
			VPCMPEQB(everywhere(name, from), in, m)
		} else {
			above := YMM()
			VPCMPGTB(everywhere(name+"Below", from-1), in, m)
			VPCMPGTB(everywhere(name+"Last", to), in, above)
			VPANDN(m, above, m)
		}
		offset := YMM()
		VPAND(everywhere(name+"Offset", byte(sextet-int(from))), m, offset)
		if name == "upper" { // the first
			VPADDB(offset, in, v)
			VMOVDQA(m, known)
			return
		}
		VPADDB(offset, v, v)
		VPOR(m, known, known)
	}
	class("upper", 'A', 'Z', 0)
	class("lower", 'a', 'z', 26)
	class("digit", '0', '9', 52)
	class("dash", '-', '-', 62)
	class("line", '_', '_', 63)
	VPAND(known, all, all)
	VPMADDUBSW(pairs, v, v)
	VPMADDWD(quads, v, v)
	VPSHUFB(order, v, v)
	VMOVDQU(v.AsX(), Mem{Base: dst})
	VEXTRACTI128(U8(1), v, Mem{Base: dst}.Offset(12))
	ADDQ(U8(32), src)
	ADDQ(U8(24), dst)
	DECQ(blocks)
	JNZ(LabelRef("next"))

	mask, valid := GP32(), GP8()
	VPMOVMSKB(all, mask)
	CMPL(mask, I8(-1))
	SETEQ(valid)
	Store(valid, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// markBlocksFunc writes markAVX2, which is markAVX512 for whole blocks.
func markBlocksFunc() {
	TEXT("markAVX2", NOSPLIT, "func(marks *uint64, b *byte, blocks int)")
	Doc("markAVX2 sets a bit for each byte of blocks of 64 at b that is a quote, a backslash, a",
		"control character or not ASCII: a word for each block at marks. There is at least one.")
	Pragma("noescape")
	marks, b := Load(Param("marks"), GP64()), Load(Param("b"), GP64())
	blocks := Load(Param("blocks"), GP64())
	quote, escape, space := loadYMM(everywhere("quote", '"')), loadYMM(everywhere("escape", '\\')), loadYMM(everywhere("space", ' '))

	Label("next")
	var words [2]GPVirtual
	for half := range words {
		in, m, k := YMM(), YMM(), YMM()
		VMOVDQU(Mem{Base: b, Disp: 32 * half}, in)
		VPCMPEQB(quote, in, m)
		VPCMPEQB(escape, in, k)
		VPOR(k, m, m)
		VPCMPGTB(in, space, k)
		VPOR(k, m, m)
		words[half] = GP64()
		VPMOVMSKB(m, words[half].As32())
	}
	SHLQ(U8(32), words[1])
	ORQ(words[1], words[0])
	MOVQ(words[0], Mem{Base: marks})
	ADDQ(U8(64), b)
	ADDQ(U8(8), marks)
	DECQ(blocks)
	JNZ(LabelRef("next"))
	VZEROUPPER()
	RET()
}
