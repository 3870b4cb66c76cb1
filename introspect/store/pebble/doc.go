// Package pebble keeps everything in one folder on disk, in a Pebble database
// that this process alone has open.
//
// A call that returns nil has been synced to disk. Calls that run at the same
// time share a sync: Pebble's commit pipeline joins them, and revocations,
// whose numbers must reach the disk in order, go through one queue that does
// the same. Access tokens used lately, accounts and the live part of the
// revocation feed are held in memory as well.
//
// When a write or a sync fails, what the disk holds is unknown. The store then
// answers every call with store.ErrFailed until it is opened anew; Pebble
// replays its log on opening, up to a torn tail if there is one.
package pebble
