package graphite

import (
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

// Quote implements analysis.Quoter. Graphite has no way to escape a character in a
// path, nor one in a string that all of its functions keep to, so every character that
// means something to it, or could, becomes an underscore.
func (s *Source) Quote(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '.' && s.dots == DotsKeep:
			return r
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("_+:/@-", r):
			return r
		}
		return '_'
	}, name)
}

// oneTarget finds what Graphite would not complain about: it reads as much of a target
// as it understands, drops the rest, and answers nothing when that makes no sense. A
// target is one expression; brackets and quotes are in pairs.
func oneTarget(text string) *analysis.Error {
	var c targetCheck
	i := 0
	for ; i < len(text) && c.wrong == nil; i++ {
		c.step(text[i], i+1)
		if text[i] == '\\' {
			i++ // the next character is meant as it is
		}
	}
	if c.wrong == nil {
		c.end(len(text), i > len(text))
	}
	return c.wrong
}

// targetCheck goes through a target byte by byte.
type targetCheck struct {
	open  []sign // brackets
	quote sign   // of a string; the zero one outside
	begun bool   // there was something other than space
	ended bool   // outside of brackets, where only | may follow
	piped bool   // | was the last thing
	wrong *analysis.Error
}

// sign is a bracket or a quotation mark and its column, from 1.
type sign struct {
	b  byte
	at int
}

func (c *targetCheck) step(b byte, column int) {
	switch {
	case c.quote.b != 0:
		if b == c.quote.b {
			c.quote = sign{}
		}
		return
	case isSpace(b):
		c.ended = c.ended || len(c.open) == 0 && c.begun && !c.piped
		return
	case b == ')' || b == '}':
		c.close(b, column)
		return
	case len(c.open) == 0 && b == ',':
		c.fail(column, "there is a second target")
		c.wrong = c.wrong.WithHint("group(a, b), or a metric for each")
		return
	case c.ended && b != '|':
		c.fail(column, "there is something after its end")
		return
	}
	c.begun, c.ended, c.piped = true, false, len(c.open) == 0 && b == '|'
	switch b {
	case '"', '\'':
		c.quote = sign{b, column}
	case '(', '{':
		c.open = append(c.open, sign{b, column})
	}
}

func isSpace(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

// close takes a closing bracket.
func (c *targetCheck) close(b byte, column int) {
	pair := byte('(')
	if b == '}' {
		pair = '{'
	}
	if len(c.open) == 0 || c.open[len(c.open)-1].b != pair {
		c.fail(column, string(b)+" without "+string(pair))
		return
	}
	c.open = c.open[:len(c.open)-1]
	c.ended = len(c.open) == 0 && b == ')'
}

// end finds what is still open after the last column.
func (c *targetCheck) end(column int, escaping bool) {
	switch {
	case !c.begun:
		c.wrong = analysis.Errorf(analysis.Invalid, "the query is empty")
	case c.quote.b != 0:
		c.fail(c.quote.at, "a string without an end")
	case len(c.open) > 0:
		last := c.open[len(c.open)-1]
		c.fail(last.at, string(last.b)+" is never closed")
	case c.piped:
		c.fail(column, "nothing follows |")
	case escaping:
		c.fail(column, `nothing follows \`)
	}
}

func (c *targetCheck) fail(column int, why string) {
	c.wrong = analysis.Errorf(analysis.Invalid, "the query is no target: column %d: %s", column, why)
}
