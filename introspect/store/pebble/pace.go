package pebble

import (
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A goroutine of Pebble's that flushes or compacts gives its processor back
// after 10 ms at the soonest, when Go takes it away. With as many of them as
// there are processors, whoever waits for an answer waits for all of that, more
// than once where a commit goes through several goroutines. While it is told to
// be calm, a pace lets them work a little and rest a little instead.
type pace struct {
	until atomic.Int64 // calm until then, in Unix nanoseconds
	turn  atomic.Int64 // work until then
}

const (
	paceWork = time.Millisecond
	paceRest = 2 * time.Millisecond
)

// wait waits for the next time to work, if this is one to rest.
func (p *pace) wait() {
	now := time.Now().UnixNano()
	end := p.turn.Load()
	if now < end || now >= p.until.Load() {
		return
	}
	time.Sleep(paceRest)
	// Whoever else has rested meanwhile works at the same time.
	p.turn.CompareAndSwap(end, time.Now().Add(paceWork).UnixNano())
}

// calm asks for calm for the time d from now on.
func (p *pace) calm(d time.Duration) { p.until.Store(time.Now().Add(d).UnixNano()) }

// paced is a file system on which flushes and compactions keep the pace.
type paced struct {
	vfs.FS
	pace *pace
}

func (fs *paced) Unwrap() vfs.FS { return fs.FS }

// Create makes a file. Of those that are created with these categories, all
// are tables: logs and the manifest have others.
func (fs *paced) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.FS.Create(name, c)
	if err != nil || c != "pebble-memtable-flush" && c != "pebble-compaction" {
		return f, err
	}
	return &pacedFile{f, fs.pace}, nil
}

// Open opens a file. Tables are opened for sequential reads by compactions, and
// a second time for everybody else.
func (fs *paced) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := fs.FS.Open(name, opts...)
	if err != nil {
		return f, err
	}
	for _, o := range opts {
		if o == vfs.SequentialReadsOption {
			return &pacedFile{f, fs.pace}, nil
		}
	}
	return f, nil
}

type pacedFile struct {
	vfs.File
	pace *pace
}

func (f *pacedFile) Write(b []byte) (int, error) {
	f.pace.wait()
	return f.File.Write(b)
}

func (f *pacedFile) ReadAt(b []byte, at int64) (int, error) {
	f.pace.wait()
	return f.File.ReadAt(b, at)
}
