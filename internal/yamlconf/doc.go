// Package yamlconf reads a YAML file strictly into a struct, so that a mistake
// in a configuration is told where it was made:
//
//	var conf gateway.Config
//	err := yamlconf.Load("gateway.yaml", &conf)
//	// gateway.yaml:12: unknown key "upstraem" in routes[0]; the nearest known key is "upstream"
//
// A struct field is read when it has a yaml tag; a tag of ",inline" reads the
// fields of a nested struct as if they stood beside it. Durations are written
// as 10s or 1m30s (a bare 0 is zero), integers also as sizes: 512KiB, 16MiB,
// 1GiB. A type that implements encoding.TextUnmarshaler reads itself from a
// string. Anything else is what YAML says it is: nothing is converted, so a
// port number does not become a name by accident. A key without a value, a
// repeated key, a tag, an anchor and an alias are errors.
//
// When the file reads well, Load calls the struct's Check method, if it has
// one. An error of it that begins with the path of a value, such as
// "routes[2].prefix: must begin with /", gets that value's line. Errors that
// Check joins are each told on a line of their own.
//
// The struct keeps what it held where the file says nothing, which is how
// defaults are given. After an error its contents mean nothing.
package yamlconf
