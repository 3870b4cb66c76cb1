package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/tollgate/tollgate/internal/filewatch"
)

const (
	// settle is how long a file has to stay untouched before it is read again: an
	// editor writes in several steps.
	settle = 200 * time.Millisecond
	// pollEvery is how often the file is looked at besides: notifications do not
	// come from another machine, nor for a file that is mounted alone.
	pollEvery = 2 * time.Second
)

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
	w := &watched{path: path, log: log, reload: reload}
	w.last, _ = os.ReadFile(path)
	w.stamp = filewatch.Read(path)
	go w.run(ctx, files)
	return nil
}

// watched is a configuration that is read again. It belongs to one goroutine.
type watched struct {
	path   string
	log    *slog.Logger
	reload func() error
	last   []byte          // what was read last
	stamp  filewatch.Stamp // of the file that was looked at last
	gone   bool            // that the mount is stale has been said
}

func (w *watched) run(ctx context.Context, files *fsnotify.Watcher) {
	defer files.Close()
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
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
			w.log.Warn("watching the configuration", "file", w.path, "error", err)
		case <-poll.C:
			if now := filewatch.Read(w.path); now != w.stamp {
				w.stamp = now
				quiet.Reset(settle)
			}
			if !w.gone && filewatch.Deleted(w.path) {
				w.gone = true
				w.log.Warn("the configuration was replaced outside, and the file that is mounted here is the old one: restart to see the new one, and mount the folder instead of the file", "file", w.path)
			}
		case <-quiet.C:
			if now, err := os.ReadFile(w.path); err == nil && !bytes.Equal(now, w.last) {
				w.last = now
				w.apply()
			}
		case <-hup:
			w.last, _ = os.ReadFile(w.path)
			w.apply()
		}
	}
}

func (w *watched) apply() {
	if err := w.reload(); err != nil {
		w.log.Error("the configuration is refused, the old one stays", "file", w.path, "error", err)
		return
	}
	w.log.Info("configuration reloaded", "file", w.path)
}

// warnOfMounts says which of the files that a configuration consists of or names
// are mounted alone: a change of such a file by rename, outside, cannot be seen.
func warnOfMounts(log *slog.Logger, path string, conf any) {
	for _, file := range append([]string{path}, filesOf(reflect.ValueOf(conf))...) {
		if filewatch.MountedAlone(file) {
			log.Warn("this file is mounted alone: a change in place is seen, another file in its place is not; mount its folder to have both", "file", file)
		}
	}
}

// filesOf lists the files that a configuration names: the values of its keys
// file and …_file.
func filesOf(v reflect.Value) (files []string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return filesOf(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			files = append(files, filesOf(v.Index(i))...)
		}
	case reflect.Struct:
		for f, value := range v.Fields() {
			key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			if value.Kind() == reflect.String && value.Len() > 0 && (key == "file" || strings.HasSuffix(key, "_file")) {
				files = append(files, value.String())
			} else if f.IsExported() {
				files = append(files, filesOf(value)...)
			}
		}
	}
	return files
}
