package main

import (
	"flag"
	"fmt"
	"os"

	. "github.com/mmcloughlin/avo/build"
)

// files are what there is to generate, by the name of the output without
// _amd64.s.
var files = map[string]func(){
	"point": pointFile,
}

func main() {
	name := flag.String("file", "", "the file to generate: point")
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
