package httpjson

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// Check implements analysis.Checker.
func (s *Source) Check(ctx context.Context) error {
	text := s.config.CheckQuery
	q, err := parse(cmp.Or(text, "?")) // the url itself
	if err != nil {
		return s.web.Named(err)
	}
	now := time.Now()
	r, err := q.request(s.config, analysis.Window{Start: now.Add(-time.Minute), End: now}, time.Minute)
	if err != nil {
		return s.web.Named(err)
	}
	f, asked := s.ask(ctx, r)
	switch {
	case asked != nil && text == "" && analysis.KindOf(asked) == analysis.Invalid:
		return nil // there is nothing at the url itself, but it answers and does not mind who asks
	case asked != nil || q.Value == "":
		return asked
	}
	e, err := s.values.compile(q.Value)
	if err != nil {
		return s.web.Named(err)
	}
	result, ran := s.run(ctx, e, "check", f)
	switch {
	case ran != nil:
		return ran
	case result == nil || result == false:
		return s.web.Strange("it answers, but its check is not true")
	}
	return nil
}

// Link implements analysis.Linker: the query's path and parameters below external_url,
// without the secret ones.
func (s *Source) Link(q analysis.Query) string {
	if s.page == nil {
		return ""
	}
	asked, err := parse(q.Text)
	if err != nil {
		return ""
	}
	r, err := question{Path: asked.Path}.request(&Config{}, q.Window, q.Step)
	if err != nil {
		return ""
	}
	page := s.page.JoinPath(r.Path)
	page.RawQuery = r.Query.Encode()
	for _, name := range slices.Sorted(maps.Keys(s.config.Params)) {
		if value, err := fill(s.config.Params[name], q.Window, q.Step); err == nil && !r.Query.Has(name) {
			page.RawQuery += "&" + url.Values{name: {value}}.Encode()
		}
	}
	page.RawQuery = strings.TrimPrefix(page.RawQuery, "&")
	return page.String()
}

// Quote implements analysis.Quoter: names are percent-encoded, for the path, the
// expression's texts and the body alike.
func (s *Source) Quote(name string) string {
	var b strings.Builder
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
