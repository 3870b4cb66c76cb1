package ecdsa

// VerifyBatch sets valid[i] to keys[i].Verify(digests[i], sigs[i]) for every i.
// Each verdict is its own: no signature has a part in another's. The keys may
// all be one, and a nil key makes false. It panics where the four slices
// differ in length.
func VerifyBatch(keys []*PublicKey, digests, sigs [][]byte, valid []bool) {
	verifyBatch(active, keys, digests, sigs, valid)
}

func verifyBatch(b backend, keys []*PublicKey, digests, sigs [][]byte, valid []bool) {
	if len(digests) != len(keys) || len(sigs) != len(keys) || len(valid) != len(keys) {
		panic("ecdsa: VerifyBatch of slices that differ in length")
	}
	if b == avx512ifma {
		batchOfLanes(keys, digests, sigs, valid)
		return
	}
	for i, k := range keys {
		valid[i] = k.verify(b, digests[i], sigs[i])
	}
}
