package ed25519

// VerifyBatch sets valid[i] to keys[i].Verify(messages[i], sigs[i]) for every i.
// Each verdict is its own: no signature has a part in another's. The keys may
// all be one, and a nil key makes false. It panics where the four slices
// differ in length.
func VerifyBatch(keys []*PublicKey, messages, sigs [][]byte, valid []bool) {
	verifyBatch(active, keys, messages, sigs, valid)
}

func verifyBatch(b backend, keys []*PublicKey, messages, sigs [][]byte, valid []bool) {
	if len(messages) != len(keys) || len(sigs) != len(keys) || len(valid) != len(keys) {
		panic("ed25519: VerifyBatch of slices that differ in length")
	}
	if b == avx512ifma {
		batchOfLanes(keys, messages, sigs, valid)
		return
	}
	for i, k := range keys {
		valid[i] = k.verify(b, messages[i], sigs[i])
	}
}
