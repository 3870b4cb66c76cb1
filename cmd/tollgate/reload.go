package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long a file has to stay untouched before it is read again: an
// editor writes in several steps.
const settle = 200 * time.Millisecond

// watch calls reload on SIGHUP, and when the contents of the file at path have
// changed, until ctx ends. An error of reload is logged and changes nothing.
func watch(ctx context.Context, path string, log *slog.Logger, reload func() error) error {
	// The folder is watched, not the file: editors replace files, and
	// Kubernetes swaps a symbolic link beside them.
	files, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watching %s: %w", path, err)
	}
	if err := files.Add(filepath.Dir(path)); err != nil {
		files.Close()
		return fmt.Errorf("watching %s: %w", path, err)
	}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	last, _ := os.ReadFile(path)

	apply := func() {
		if err := reload(); err != nil {
			log.Error("the configuration is refused, the old one stays", "file", path, "err", err)
			return
		}
		log.Info("configuration reloaded", "file", path)
	}
	go func() {
		defer files.Close()
		defer signal.Stop(hup)
		quiet := time.NewTimer(0)
		if !quiet.Stop() {
			<-quiet.C
		}
		for {
			select {
			case <-ctx.Done():
				return
			case <-files.Events:
				quiet.Reset(settle)
			case err := <-files.Errors:
				log.Warn("watching the configuration", "file", path, "err", err)
			case <-quiet.C:
				if now, err := os.ReadFile(path); err == nil && !bytes.Equal(now, last) {
					last = now
					apply()
				}
			case <-hup:
				last, _ = os.ReadFile(path)
				apply()
			}
		}
	}()
	return nil
}
