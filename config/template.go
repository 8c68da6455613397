package config

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"
	"time"

	"github.com/hashicorp/golang-lru/v2"

	"github.com/haldane-dev/haldane/analysis"
)

// queryValues is an analysis.QueryData as templates see it.
type queryValues struct {
	analysis.QueryData
	Start, End instant // instead of those of QueryData
}

// instant is a time that prints as RFC 3339 in UTC.
type instant struct{ time.Time }

// String implements fmt.Stringer.
func (i instant) String() string { return i.UTC().Format(time.RFC3339) }

// Query renders a query: Go's text/template, in which a key that does not exist
// is an error, loops and templates inside templates are not allowed (so every
// query ends), and one function is added: {{regex .Version}} escapes a value for
// a regular expression inside a double-quoted string of PromQL.
//
// It sees .Side (canary or baseline), .Version (this side's), .Canary.Version,
// .Baseline.Version, .Service, .Environment, .Step (as PromQL writes it: 1m),
// .Start (of the run) and .End (of the samples asked for), both RFC 3339 in UTC
// and with the methods of time.Time ({{.Start.Unix}}), and .Vars.x. All texts in
// it are quoted for the source already.
//
// Errors are Invalid and safe to show.
func Query(text string, d analysis.QueryData) (string, error) {
	t, err := parseQuery(text)
	if err != nil {
		return "", err
	}
	return t.render(d)
}

// Queries renders queries like [Query], and keeps those that it has parsed: each look of
// each run asks the same again.
type Queries struct {
	parsed *lru.Cache[string, queryTemplate]
}

// mostQueries is how many different texts are kept, at some kilobytes each.
const mostQueries = 2000

// NewQueries keeps nothing yet.
func NewQueries() *Queries {
	c, err := lru.New[string, queryTemplate](mostQueries)
	if err != nil {
		panic(err) // only a size below 1 is wrong
	}
	return &Queries{c}
}

// Render is Query.
func (q *Queries) Render(text string, d analysis.QueryData) (string, error) {
	t, ok := q.parsed.Get(text)
	if !ok {
		var err error
		if t, err = parseQuery(text); err != nil {
			return "", err
		}
		q.parsed.Add(text, t)
	}
	return t.render(d)
}

// CheckQuery reports whether a query can be rendered for both sides, whatever the
// versions and variables are.
func CheckQuery(text string) error {
	t, err := parseQuery(text)
	if err != nil {
		return err
	}
	return t.check()
}

// check renders the template for both sides with made-up data.
func (t queryTemplate) check() error {
	for _, side := range []string{analysis.SideCanary, analysis.SideBaseline} {
		d := sample(side)
		for _, name := range t.vars() {
			d.Vars[name] = "sample"
		}
		if _, err := t.render(d); err != nil {
			return err
		}
	}
	return nil
}

// sample is made-up data, with another version for each side.
func sample(side string) analysis.QueryData {
	start := time.Unix(1_700_000_000, 0)
	d := analysis.QueryData{
		Side:     side,
		Canary:   analysis.Release{Version: "2.0.0-sample"},
		Baseline: analysis.Release{Version: "1.0.0-sample"},
		Service:  "service", Environment: "production", Step: minutes(1),
		Start: start, End: start.Add(time.Minute), Vars: map[string]string{},
	}
	d.Version = d.Canary.Version
	if side == analysis.SideBaseline {
		d.Version = d.Baseline.Version
	}
	return d
}

// queryTemplate is a parsed query.
type queryTemplate struct {
	parsed *template.Template
	pieces []piece // nil when it is more than texts and values
}

func parseQuery(text string) (queryTemplate, error) {
	t, err := template.New("query").Option("missingkey=error").Funcs(queryFunctions()).Parse(text)
	if err != nil {
		return queryTemplate{}, queryError(err)
	}
	if strings.TrimSpace(text) == "" {
		return queryTemplate{}, analysis.Errorf(analysis.Invalid, "query: empty")
	}
	q := queryTemplate{parsed: t}
	if len(t.Templates()) > 1 || t.Tree == nil {
		return q, analysis.Errorf(analysis.Invalid, "template: templates inside it are not allowed")
	}
	walk(t.Root, func(n parse.Node) {
		switch n.(type) {
		case *parse.RangeNode, *parse.TemplateNode, *parse.BreakNode, *parse.ContinueNode:
			err = analysis.Errorf(analysis.Invalid, "template: %s is not allowed", strings.Fields(n.String())[0]+"}}").
				WithHint("values, if and with")
		}
	})
	q.pieces = pieces(t.Root)
	return q, err
}

// queryFunctions are the functions of one rendering of a query.
func queryFunctions() template.FuncMap {
	a := &allowance{maxMade}
	all := a.functions()
	all["regex"] = func(quoted string) (string, error) { return a.made(regexQuoted(quoted)) }
	return all
}

func (t queryTemplate) render(d analysis.QueryData) (string, error) {
	text, ok := joined(t.pieces, &d)
	if !ok {
		parsed, err := t.parsed.Clone()
		out := newCappedWriter()
		if err == nil { // each rendering has an allowance of its own
			err = parsed.Funcs(queryFunctions()).Execute(out, queryValues{d, instant{d.Start}, instant{d.End}})
		}
		if err != nil {
			return "", queryError(err)
		}
		text = out.b.String()
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return "", analysis.Errorf(analysis.Invalid, "template: it renders to nothing for the %s", d.Side)
	}
	return text, nil
}

var (
	noField    = regexp.MustCompile(`can't evaluate field \w+ in type `)
	noKey      = regexp.MustCompile(`map has no entry for key "(.*)"`)
	noFunction = regexp.MustCompile(`function "(\w+)" not defined`)
)

// queryError puts an error of text/template into plain words. Unlike templates of
// messages, a query is no secret, so the library's own words may be quoted.
func queryError(err error) error {
	var own *analysis.Error
	if errors.As(err, &own) {
		return own
	}
	why, where, what := err.Error(), "template", ""
	if m := templatePlace.FindStringSubmatch(why); m != nil {
		why = why[len(m[0]):]
		where = "template, line " + m[1]
		if column, err := strconv.Atoi(m[2]); err == nil {
			where += fmt.Sprintf(", column %d", column+1) // text/template counts from 0
		}
	}
	if m := templateExec.FindStringSubmatch(why); m != nil {
		what, why = m[1], m[2]
	}
	invalid := func(format string, args ...any) *analysis.Error {
		return analysis.Errorf(analysis.Invalid, where+": "+format, args...).Because(err)
	}
	if noField.MatchString(why) {
		return invalid("there is no %s", what).WithHint("one of %s", queryFields)
	}
	if m := noKey.FindStringSubmatch(why); m != nil {
		return invalid("variable %s is not set", m[1]).
			WithHint("set it under vars in the plan, or give it with the run")
	}
	if m := noFunction.FindStringSubmatch(why); m != nil {
		return invalid("there is no function %s", m[1]).WithHint("regex, or a value such as {{.Version}}")
	}
	return invalid("%s", strings.ReplaceAll(why, "query:", "line "))
}

// queryFields lists what a query's template may use.
const queryFields = ".Side, .Version, .Canary.Version, .Baseline.Version, .Service, .Environment, .Step, .Start, .End, .Vars.x"
