package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"text/template"

	"github.com/haldane-dev/haldane/analysis"
)

// A template must end soon and stay small, whatever is in it: a few lines can double a
// value thirty times, or count to a trillion.
const (
	maxRendered = 1 << 20 // what it makes
	maxMade     = 8 << 20 // what its functions make on the way there
	maxTurns    = 1 << 20 // of its loops, and of all that it writes
)

// cappedWriter takes only so much, and so often.
type cappedWriter struct {
	b           strings.Builder
	left, turns int
}

func newCappedWriter() *cappedWriter { return &cappedWriter{left: maxRendered, turns: maxTurns} }

// Write implements io.Writer.
func (w *cappedWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, analysis.Errorf(analysis.Invalid, "template: its text is larger than %d KiB", maxRendered>>10)
	}
	if w.turns--; w.turns < 0 {
		return 0, analysis.Errorf(analysis.Invalid, "template: its loops do not end")
	}
	return w.b.Write(p)
}

// allowance is how many bytes the functions of a template may still make.
type allowance struct{ left int }

// allows reports whether so much may be made: asked before it needs the memory.
func (a *allowance) allows(n int) error {
	if n > a.left {
		return analysis.Errorf(analysis.Invalid, "template: what it calculates is larger than %d MiB", maxMade>>20)
	}
	return nil
}

func (a *allowance) made(s string) (string, error) {
	err := a.allows(len(s))
	a.left -= len(s)
	return s, err
}

func (a *allowance) json(v any) (rawJSON, error) {
	raw, err := encodeJSON(v)
	if err != nil {
		return "", err
	}
	_, err = a.made(string(raw))
	return raw, err
}

// functions are those of text/template that make text, within the allowance.
func (a *allowance) functions() template.FuncMap {
	joined := func(join func(...any) string) any {
		return func(args ...any) (string, error) {
			if err := a.allows(lengthOf(args)); err != nil {
				return "", err
			}
			return a.made(join(args...))
		}
	}
	return template.FuncMap{
		"print":    joined(fmt.Sprint),
		"println":  joined(fmt.Sprintln),
		"html":     joined(template.HTMLEscaper),
		"js":       joined(template.JSEscaper),
		"urlquery": joined(template.URLQueryEscaper),
		"printf": func(format string, args ...any) (string, error) {
			if asterisk.MatchString(format) {
				return "", analysis.Errorf(analysis.Invalid, "template: printf with a width that is another value")
			}
			if err := a.allows(widths(format) + strings.Count(format, "%")*lengthOf(args)); err != nil {
				return "", err
			}
			return a.made(fmt.Sprintf(format, args...))
		},
	}
}

// asterisk finds a verb of a format whose width or precision is another value.
var asterisk = regexp.MustCompile(`%[-+# 0-9.\[\]]*\*`)

var digits = regexp.MustCompile(`[0-9]+`)

// widths is how much all widths and precisions of a format are together, at least.
func widths(format string) int {
	n := 0
	for _, number := range digits.FindAllString(format, -1) {
		if width, err := strconv.Atoi(number); err == nil {
			n += min(width, 1<<20) // fmt takes no larger ones
		}
	}
	return n
}

// lengthOf is how much text there is in values.
func lengthOf(values []any) int {
	n := 0
	for _, v := range values {
		switch v := v.(type) {
		case string:
			n += len(v)
		case rawJSON:
			n += len(v)
		}
	}
	return n
}
