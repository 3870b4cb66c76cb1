package introspect

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// Secret says where a secret is kept: in a file or in an environment variable.
type Secret struct {
	File string `yaml:"file"`
	Env  string `yaml:"env"`
}

var errSecret = errors.New("name either a file or an environment variable")

// Read returns the secret without the line break that ends a file, or nothing
// where no place is named.
func (s Secret) Read() (string, error) {
	switch {
	case s.File != "" && s.Env != "":
		return "", errSecret
	case s.File != "":
		text, err := os.ReadFile(s.File)
		return strings.TrimRight(string(text), "\r\n"), err
	case s.Env != "":
		text, ok := os.LookupEnv(s.Env)
		if !ok {
			return "", fmt.Errorf("environment variable %s is not set", s.Env)
		}
		return text, nil
	}
	return "", nil
}
