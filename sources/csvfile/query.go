package csvfile

import (
	"strconv"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

// question is the text of a query, taken apart.
type question struct {
	file    string // "" when it names none
	column  string
	filters []filter
}

// filter is a condition on a label.
type filter struct {
	label, value string
	not          bool
}

// form is the hint for a query that is not understood.
const form = `p99, or p99{version="1.4.2", region!="eu"}, after checkout.csv: when path is a folder`

// parse reads a query.
func parse(text string) (question, *analysis.Error) {
	r := reader{text: text}
	var q question
	q.column = r.name("a column")
	if r.takes(':') {
		q.file, q.column = q.column, r.name("a column")
	}
	if r.takes('{') {
		for !r.takes('}') {
			q.filters = append(q.filters, r.filter())
			if !r.takes(',') && !r.sees('}') {
				r.fail(", or }")
			}
			if r.wrong != nil {
				break
			}
		}
	}
	if r.rest() != "" {
		r.fail("the end")
	}
	return q, r.wrong
}

// reader goes through a query. After the first mistake it finds nothing more.
type reader struct {
	text  string
	at    int
	wrong *analysis.Error
}

// rest is what follows, without the space before it.
func (r *reader) rest() string {
	rest := strings.TrimLeft(r.text[r.at:], " \t\r\n")
	r.at = len(r.text) - len(rest)
	return rest
}

func (r *reader) sees(b byte) bool {
	rest := r.rest()
	return rest != "" && rest[0] == b
}

// takes takes a sign if it is next.
func (r *reader) takes(b byte) bool {
	if r.wrong != nil || !r.sees(b) {
		return false
	}
	r.at++
	return true
}

// signs are those that mean something outside of double quotes.
const signs = `{}",:=!`

// name takes a name, in double quotes or not.
func (r *reader) name(what string) string {
	if r.sees('"') {
		return r.quoted()
	}
	rest := r.rest()
	end := strings.IndexAny(rest, signs)
	if end < 0 {
		end = len(rest)
	}
	name := strings.TrimRight(rest[:end], " \t\r\n")
	if name == "" {
		r.fail(what)
		return ""
	}
	r.at += len(name)
	return name
}

// quoted takes a text in double quotes.
func (r *reader) quoted() string {
	rest := r.rest()
	if prefix, err := strconv.QuotedPrefix(rest); err == nil && prefix[0] == '"' {
		if text, err := strconv.Unquote(prefix); err == nil {
			r.at += len(prefix)
			return text
		}
	}
	r.fail("a text in double quotes")
	return ""
}

// filter takes label="value" or label!="value".
func (r *reader) filter() filter {
	f := filter{label: r.name("a label")}
	f.not = r.takes('!')
	if !r.takes('=') {
		r.fail(`= or !=`)
		return f
	}
	f.value = r.quoted()
	return f
}

// fail says what should have come here.
func (r *reader) fail(want string) {
	if r.wrong != nil {
		return
	}
	r.rest()
	r.wrong = analysis.Errorf(analysis.Invalid, "the query, column %d: want %s", r.at+1, want).WithHint("%s", form)
}
