// Command figures writes the README's table of figures from the recorded runs,
// so that no number in it was typed by hand:
//
//	go run ./internal/figures
//
// It takes the newest run of each kind under results/.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := update("README.md", "results"); err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
}
