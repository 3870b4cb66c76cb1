// Package claimcache remembers what verified tokens said. Package ristretto
// decides which are worth the memory; in front of it stands a table that finds
// the busy ones in a few nanoseconds.
//
//	cache, err := claimcache.New[state](16 << 20)
//	if v := cache.Get(token); v != nil { … }
//	e := claimcache.NewEntry[state](token); e.Value = …; cache.Put(e, size, ttl)
//	cache.Delete(token)
//
// It answers for the very same bytes only: the whole token is compared, whatever
// its hash. What a value has to be checked against before it is believed, such
// as the time or a key set, is its owner's business: values are shared, never
// copied, and the owner calls Delete for what it does not believe any more.
//
// Only what was verified may be Put. So a flood of bad tokens takes no memory
// and pushes nothing out.
package claimcache
