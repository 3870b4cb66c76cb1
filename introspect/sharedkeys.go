package introspect

import (
	"bytes"
	"errors"
	"time"

	"github.com/tollgate/tollgate/introspect/signing"
	"github.com/tollgate/tollgate/introspect/store"
)

// sharedKeys keeps signing keys, sealed, as records of the store that several
// services share. It implements signing.Records.
type sharedKeys struct{ store store.Records }

const (
	keyOwner = "signing keys"
	never    = 253402300799 // the last second of the year 9999: keys do not expire
)

func sealedRecord(kid string, value []byte) *store.Record {
	return &store.Record{
		Kind: store.RecordKey, Digest: store.DigestOf([]byte(kid)), Owner: keyOwner,
		Value: append(append([]byte(kid), 0), value...), Expires: never,
	}
}

var errKeyRecord = errors.New("record of a signing key is damaged")

// SealedKeys implements signing.Records.
func (k sharedKeys) SealedKeys() ([]signing.Sealed, error) {
	records, err := k.store.Owned(background, store.RecordKey, keyOwner, time.Now().Unix())
	if err != nil {
		return nil, err
	}
	var list []signing.Sealed
	for _, r := range records {
		kid, value, ok := bytes.Cut(r.Value, []byte{0})
		if !ok {
			return nil, errKeyRecord
		}
		list = append(list, signing.Sealed{ID: string(kid), Value: value})
	}
	return list, nil
}

// PutSealedKey implements signing.Records.
func (k sharedKeys) PutSealedKey(kid string, old, next []byte) error {
	if old == nil {
		return k.store.Keep(background, sealedRecord(kid, next))
	}
	err := k.store.Change(background, sealedRecord(kid, old), sealedRecord(kid, next))
	if errors.Is(err, store.ErrChanged) || errors.Is(err, store.ErrNotFound) {
		return signing.ErrChanged
	}
	return err
}
