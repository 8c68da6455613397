package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/judge"
)

type judgeCommand struct {
	Judge string   `enum:"sequential,kayenta,threshold" default:"sequential" help:"Method for plain lines: ${enum}; default ${default}."`
	Files []string `arg:"" optional:"" help:"JSON lines, one analysis a line; default: standard input." type:"existingfile"`
}

// maxLine is far above any analysis: 64 MiB hold some three million samples.
const maxLine = 64 << 20

// Run prints one verdict a line, in the order of the input.
func (c judgeCommand) Run(s streams) error {
	out := bufio.NewWriter(s.out)
	j := &lineJudge{opts: judge.LineOptions{Judge: analysis.JudgeName(c.Judge)}, out: out}
	err := c.each(s, j.read)
	if err = errors.Join(err, out.Flush()); err != nil {
		return err
	}
	if j.bad > 0 {
		return exit(exitFail)
	}
	return nil
}

func (c judgeCommand) each(s streams, read func(io.Reader) error) error {
	if len(c.Files) == 0 {
		return read(s.in)
	}
	for _, name := range c.Files {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		err = read(f)
		_ = f.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// lineJudge judges line after line.
type lineJudge struct {
	opts judge.LineOptions
	out  *bufio.Writer
	bad  int // lines that could not be judged
}

// refused is the result of a line that could not be judged.
type refused struct {
	Name  string `json:"name"`
	Error string `json:"error"`
}

func (j *lineJudge) read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	for lines.Scan() {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		if err := j.write(line); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (j *lineJudge) write(line []byte) error {
	reply, err := judge.Line(line, j.opts)
	if err != nil {
		j.bad++
		reply, err = json.Marshal(refused{judge.LineName(line), shown(err)})
	}
	if err != nil {
		return err
	}
	if _, err := j.out.Write(append(reply, '\n')); err != nil {
		return err
	}
	return nil
}
