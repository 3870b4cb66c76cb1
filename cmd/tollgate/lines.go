package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"

	"github.com/schollz/progressbar/v3"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/engine/jwt"
)

const (
	blockLines = 1024            // tokens handed to a core at a time
	maxLine    = 2 * jwt.MaxSize // of a line is kept: more than any token has
)

// block is a stretch of the input on its way to becoming the same stretch of
// the output.
type block struct {
	text  []byte // the lines, one after another
	ends  []int  // where each ends in text
	read  int    // bytes of input
	out   []byte
	valid int
	done  chan struct{}
}

// tally counts verdicts.
type tally struct{ tokens, valid int }

// verifyLines reads lines, has every core verify blocks of them, and writes the
// verdicts in the order of the lines. At most a few blocks are in memory.
func verifyLines(in io.Reader, out io.Writer, e *engine.Engine, bar *progressbar.ProgressBar) (tally, error) {
	cores := runtime.GOMAXPROCS(0)
	work := make(chan *block, cores)
	inOrder := make(chan *block, 2*cores)
	stop := make(chan struct{})

	var verifiers sync.WaitGroup
	for range cores {
		verifiers.Go(func() {
			verdicts := make([]engine.Verdict, blockLines)
			tokens := make([][]byte, 0, blockLines)
			for b := range work {
				b.verify(e, tokens, verdicts)
				close(b.done)
			}
		})
	}
	var readErr error
	go func() {
		defer close(inOrder)
		defer close(work)
		lines := bufio.NewReaderSize(in, 256<<10)
		for readErr == nil {
			b := &block{done: make(chan struct{})}
			readErr = b.fill(lines)
			if len(b.ends) == 0 {
				return
			}
			select {
			case inOrder <- b:
				work <- b
			case <-stop:
				return
			}
		}
	}()

	var t tally
	var writeErr error
	w := bufio.NewWriterSize(out, 64<<10)
	for b := range inOrder {
		<-b.done
		if writeErr != nil {
			continue
		}
		t.tokens += len(b.ends)
		t.valid += b.valid
		if bar != nil {
			_ = bar.Add(b.read) // it is only drawn
		}
		_, writeErr = w.Write(b.out)
		if writeErr == nil && len(inOrder) == 0 {
			writeErr = w.Flush() // somebody may be waiting for this line
		}
		if writeErr != nil {
			close(stop)
		}
	}
	verifiers.Wait()
	if writeErr == nil {
		writeErr = w.Flush()
	}
	if errors.Is(readErr, io.EOF) {
		readErr = nil
	}
	return t, errors.Join(readErr, writeErr)
}

// fill reads lines until the block is full, the input ends, or nothing more is
// there yet.
func (b *block) fill(in *bufio.Reader) error {
	for len(b.ends) < blockLines {
		kept := len(b.text)
		for {
			part, err := in.ReadSlice('\n')
			b.read += len(part)
			if room := kept + maxLine - len(b.text); room > 0 {
				b.text = append(b.text, part[:min(room, len(part))]...)
			}
			if errors.Is(err, bufio.ErrBufferFull) {
				continue
			}
			if err != nil && len(b.text) == kept {
				return err
			}
			b.text = bytes.TrimSuffix(b.text, []byte("\n"))
			b.text = bytes.TrimSuffix(b.text, []byte("\r"))
			b.ends = append(b.ends, len(b.text))
			if err != nil {
				return err
			}
			break
		}
		if in.Buffered() == 0 {
			return nil
		}
	}
	return nil
}

func (b *block) verify(e *engine.Engine, tokens [][]byte, verdicts []engine.Verdict) {
	begin := 0
	for _, end := range b.ends {
		tokens = append(tokens, b.text[begin:end])
		begin = end
	}
	verdicts = verdicts[:len(tokens)]
	e.VerifyBatch(tokens, verdicts)
	for i := range verdicts {
		b.out = appendVerdict(b.out, e, tokens[i], &verdicts[i])
		if verdicts[i].Err == nil {
			b.valid++
		}
	}
	clear(verdicts)
	b.text = nil
}

// appendVerdict writes the line on token. The claims are the bytes that were
// signed, unless these hold line breaks.
func appendVerdict(out []byte, e *engine.Engine, token []byte, v *engine.Verdict) []byte {
	if v.Err != nil {
		code := engine.Code(v.Err)
		if code == "" {
			panic("BUG: a verdict without a code: " + v.Err.Error())
		}
		detail, err := json.Marshal(e.Explain(token).Detail)
		if err != nil {
			panic("BUG: text is no JSON: " + err.Error())
		}
		out = append(append(append(out, `{"valid":false,"error":"`...), code...), `","detail":`...)
		return append(append(out, detail...), "}\n"...)
	}
	payload := v.Claims.Payload()
	out = append(out, `{"valid":true,"claims":`...)
	if strings.ContainsAny(payload, "\r\n") {
		var one bytes.Buffer
		if err := json.Compact(&one, []byte(payload)); err != nil {
			panic("BUG: verified claims are no JSON: " + err.Error())
		}
		payload = one.String()
	}
	return append(append(out, payload...), "}\n"...)
}
