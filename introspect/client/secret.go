package client

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// A Secret says where a secret is kept; the secret itself is in no
// configuration.
type Secret struct {
	// File holds the secret and nothing else; white space around it is not
	// part of it.
	File string `yaml:"file"`
	// Env names the environment variable that holds the secret.
	Env string `yaml:"env"`
}

// Set reports whether s says anything.
func (s Secret) Set() bool { return s.File != "" || s.Env != "" }

// Check reports what is wrong with s as configuration.
func (s Secret) Check() error {
	if s.File != "" && s.Env != "" {
		return errors.New("give file or env, not both")
	}
	return nil
}

// Read returns the secret. An empty secret is an error.
func (s Secret) Read() (string, error) {
	if err := s.Check(); err != nil {
		return "", err
	}
	if s.Env != "" {
		v := strings.TrimSpace(os.Getenv(s.Env))
		if v == "" {
			return "", fmt.Errorf("environment variable %s is empty", s.Env)
		}
		return v, nil
	}
	if s.File == "" {
		return "", errors.New("give file or env")
	}
	b, err := os.ReadFile(s.File)
	if err != nil {
		return "", fmt.Errorf("reading a secret: %w", err)
	}
	v := strings.TrimSpace(string(b))
	if v == "" {
		return "", fmt.Errorf("secret file %s is empty", s.File)
	}
	return v, nil
}
