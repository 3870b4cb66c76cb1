package keyset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
)

// File is a Source that reads the file at path.
func File(path string) Source { return file(path) }

type file string

// Fetch reads the whole file each time and compares what it says: neither the
// time nor the size of a file tells reliably that it was replaced.
func (path file) Fetch(_ context.Context, etag string) (Document, error) {
	f, err := os.Open(string(path))
	if err != nil {
		return Document{}, err
	}
	defer f.Close()
	body, err := readAll(f)
	if err != nil {
		return Document{}, err
	}
	digest := sha256.Sum256(body)
	d := Document{Body: body, ETag: hex.EncodeToString(digest[:])}
	if d.ETag == etag {
		return Document{ETag: etag, NotModified: true}, nil
	}
	return d, nil
}

// readAll reads r to the end, which must come within MaxDocument bytes.
func readAll(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxDocument+1))
	if err != nil {
		return nil, err
	}
	if len(b) > MaxDocument {
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrDocument, MaxDocument)
	}
	return b, nil
}
