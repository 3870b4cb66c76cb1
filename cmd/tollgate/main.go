// Command tollgate is the access-token gateway, the security service behind
// it, and the tools around both.
package main

import "os"

func main() { os.Exit(run(os.Args[1:])) }
