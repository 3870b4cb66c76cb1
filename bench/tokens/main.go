package main

var algorithms = []string{"EdDSA", "ES256", "RS256"}

func main() {}
