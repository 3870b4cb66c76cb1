package storetest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A Fleet is several servers that belong together.
type Fleet struct {
	Servers   []*Redis // that hold data
	Sentinels []*Redis
}

// syncing is how each server keeps what it acknowledges.
var syncing = []string{"--save", "", "--appendonly", "yes", "--appendfsync", "always", "--repl-diskless-sync-delay", "0"}

// await waits until ok, for half a minute at most.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// StartCluster starts a cluster of three masters with a replica each; server i+3 is
// the replica of server i at first.
func StartCluster(t *testing.T) *Fleet {
	t.Helper()
	f := new(Fleet)
	for range 6 {
		s := newRedis(t, append([]string{
			"--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--cluster-port", strconv.Itoa(freePort(t)),
		}, syncing...)...)
		s.Start(t)
		f.Servers = append(f.Servers, s)
	}
	first := f.Servers[0]
	for i, s := range f.Servers {
		s.must(t, "CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(first.port), first.args[5])
		if i < 3 {
			s.must(t, "CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(i*16384/3), strconv.Itoa((i+1)*16384/3-1))
		}
	}
	await(t, "the nodes know each other", func() bool {
		for _, s := range f.Servers {
			if s.Field("cluster_known_nodes", "CLUSTER", "INFO") != "6" {
				return false
			}
		}
		return true
	})
	for i := range 3 {
		f.Servers[i+3].must(t, "CLUSTER", "REPLICATE", f.Servers[i].must(t, "CLUSTER", "MYID"))
	}
	f.awaitCluster(t)
	return f
}

func (f *Fleet) awaitCluster(t *testing.T) {
	t.Helper()
	await(t, "the cluster is whole", func() bool {
		for _, s := range f.Servers {
			if s.Field("cluster_state", "CLUSTER", "INFO") != "ok" ||
				s.Info("replication", "role") == "slave" && s.Info("replication", "master_link_status") != "up" {
				return false
			}
		}
		return true
	})
}

// MasterName is what the sentinels watch their servers under.
const MasterName = "shop"

// StartSentinels starts a master with two replicas, and three sentinels.
func StartSentinels(t *testing.T) *Fleet {
	t.Helper()
	f := new(Fleet)
	for i := range 3 {
		args := syncing
		if i > 0 {
			args = append([]string{"--replicaof", "127.0.0.1 " + strconv.Itoa(f.Servers[0].port)}, args...)
		}
		s := newRedis(t, args...)
		s.Start(t)
		f.Servers = append(f.Servers, s)
	}
	f.awaitReplicas(t)
	for range 3 {
		s := newRedis(t)
		file := filepath.Join(s.Dir, "sentinel.conf")
		text := fmt.Sprintf("bind 127.0.0.1\nport %d\ndir %s\nsentinel monitor %s 127.0.0.1 %d 2\n", s.port, s.Dir, MasterName, f.Servers[0].port)
		text += fmt.Sprintf("sentinel down-after-milliseconds %[1]s 1000\nsentinel failover-timeout %[1]s 5000\n", MasterName)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s.args = []string{file, "--sentinel"}
		s.Start(t)
		f.Sentinels = append(f.Sentinels, s)
	}
	for _, s := range f.Sentinels {
		await(t, "the sentinels know each other", func() bool {
			text, _ := s.Do("INFO", "sentinel")
			return strings.Contains(text, "slaves=2,sentinels=3")
		})
	}
	return f
}

func (f *Fleet) awaitReplicas(t *testing.T) {
	t.Helper()
	await(t, "the replicas follow", func() bool {
		for _, s := range f.Servers {
			if s.Info("replication", "role") == "slave" && s.Info("replication", "master_link_status") != "up" {
				return false
			}
		}
		return true
	})
}

// Restart kills everything and starts it again.
func (f *Fleet) Restart(t *testing.T) {
	t.Helper()
	all := append(append([]*Redis{}, f.Servers...), f.Sentinels...)
	for _, s := range all {
		if s.cmd != nil {
			s.Kill(t)
		}
	}
	for _, s := range all {
		s.Start(t)
	}
	if len(f.Sentinels) == 0 {
		f.awaitCluster(t)
		return
	}
	f.awaitReplicas(t)
}

// Addresses are where to ask: the sentinels where there are some.
func (f *Fleet) Addresses() (all []string) {
	servers := f.Sentinels
	if len(servers) == 0 {
		servers = f.Servers
	}
	for _, s := range servers {
		all = append(all, s.Address())
	}
	return all
}

// Contents is what is in the files of all servers.
func (f *Fleet) Contents(t *testing.T) (all []byte) {
	for _, s := range f.Servers {
		all = append(all, Contents(t, s.Dir)...)
	}
	return all
}

// Master is the server that the sentinels take for the master.
func (f *Fleet) Master(t *testing.T) *Redis {
	t.Helper()
	at := f.Sentinels[0].must(t, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", MasterName)
	for _, s := range f.Servers {
		if at == strings.Replace(s.Address(), ":", " ", 1) {
			return s
		}
	}
	t.Fatalf("no server is at %q", at)
	return nil
}

// Promote makes server i of a cluster, a replica, the master; its master lives on as
// its replica.
func (f *Fleet) Promote(t *testing.T, i int) {
	t.Helper()
	f.Servers[i].must(t, "CLUSTER", "FAILOVER")
	await(t, "the replica is promoted", func() bool { return f.Servers[i].Info("replication", "role") == "master" })
}

// SwitchMaster has the sentinels make another server the master. The old one lives
// on, takes writes until they tell it otherwise, and then loses them.
func (f *Fleet) SwitchMaster(t *testing.T) {
	t.Helper()
	old := f.Master(t)
	await(t, "the sentinels begin to switch", func() bool {
		_, err := f.Sentinels[0].Do("SENTINEL", "FAILOVER", MasterName)
		return err == nil
	})
	await(t, "the sentinels switch the master", func() bool { return f.Master(t) != old })
}
