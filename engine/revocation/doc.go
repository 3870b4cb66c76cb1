// Package revocation knows what has been revoked. A Set answers for a token in
// about the time of one memory access, whatever its size; a Follower keeps a Set
// current from an ordered feed of events.
//
//	set := revocation.NewSet()
//	follower := revocation.NewFollower(source, set, revocation.Options{})
//	go follower.Run(ctx)
//	…
//	if set.Revoked(jti, sid, sub, clientID, kid, iat) { … }
//
// Where the events come from is the Source's business. Everything here is safe
// for concurrent use.
package revocation
