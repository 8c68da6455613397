package sourcetest

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// optionalCases are about interfaces that a source may leave out; then Without
// says why.
func optionalCases() []exercise {
	return []exercise{
		{name: "check", server: true, run: checkCase},
		{name: "check of a server that hangs", server: true, setup: patient, run: checkHangs},
		{name: "quote", run: quoteCase},
		{name: "link", run: linkCase},
		{name: "no link", setup: func(s *Setup) { s.ExternalURL = "" }, run: noLink},
		{name: "batch", run: batchCase},
	}
}

// optional gives the source as T, or fails.
func optional[T any](s *stand) T {
	v, ok := s.source.(T)
	if !ok {
		s.Fatalf("%T does not implement it; Without[...] may say why", s.source)
	}
	return v
}

func checkCase(s *stand) {
	source := optional[analysis.Checker](s)
	s.has(Answer{})
	if err := source.Check(s.ctx); err != nil {
		s.Errorf("a good server: %v", err)
	}
	for name, bad := range map[string]struct {
		reply reply
		kind  analysis.Kind
	}{
		"wrong credentials": {refuses(Refusal{Trouble: WrongCredentials})(s), analysis.Denied},
		"forbidden":         {refuses(Refusal{Trouble: Forbidden})(s), analysis.Denied},
		"a web page":        {page(200)(s), analysis.Unavailable},
		"another server":    {send(`{}`), analysis.Unavailable},
		"nothing there":     {plain(404, "not found")(s), analysis.Invalid},
		"broken":            {page(502)(s), analysis.Unavailable},
	} {
		s.replies(bad.reply)
		err := source.Check(s.ctx)
		if analysis.KindOf(err) != bad.kind {
			s.Errorf("%s: error %v, want %s", name, err, bad.kind)
			continue
		}
		s.checkError(err)
	}
}

func checkHangs(s *stand) {
	source := optional[analysis.Checker](s)
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	hang := hangs(s)
	s.replies(func(n int, w http.ResponseWriter, r *http.Request) {
		cancel()
		hang(n, w, r)
	})
	if err := source.Check(ctx); analysis.KindOf(err) != analysis.Unavailable {
		s.Errorf("error %v, want an unavailable one", err)
	}
}

// quoteCase wants ordinary names as they are, or as they are stored, and all else made
// harmless.
func quoteCase(s *stand) {
	source := optional[analysis.Quoter](s)
	stored := s.vendor.Stores
	if stored == nil {
		stored = func(name string) string { return name }
	}
	for _, name := range []string{"1.4.2", "v1.4.2-rc.1+build_7", "registry:5000/shop/api@sha256", ""} {
		if got := source.Quote(name); got != stored(name) {
			s.Errorf("quoted %q is %q, want %q", name, got, stored(name))
		}
	}
	names := []string{`1"} or vector(0) #`, "a'b", `back\slash`, `back\"slash`, "two\nlines"}
	seen := map[string]bool{}
	for _, name := range names {
		got := source.Quote(name)
		if s.vendor.Stores != nil {
			if got != stored(name) || strings.ContainsAny(got, "\"'\\\n{}") {
				s.Errorf("quoted %q is %q, want %q", name, got, stored(name))
			}
			continue
		}
		if got == name && strings.ContainsAny(name, "\"\\\n") || strings.Contains(got, "\n") || seen[got] {
			s.Errorf("quoted %q is %q", name, got)
		}
		seen[got] = true
	}
}

// linkCase wants a page of the server that people reach.
func linkCase(s *stand) {
	q := s.query(30, time.Minute)
	link := optional[analysis.Linker](s).Link(q)
	u, err := url.Parse(link)
	if err != nil || u.User != nil || !strings.HasPrefix(link, s.setup.ExternalURL) {
		s.Errorf("link %q, want one below %s", link, s.setup.ExternalURL)
	}
	s.says(link)
	decoded, _ := url.QueryUnescape(link)
	if !strings.Contains(decoded, s.vendor.Query) {
		s.Errorf("link %q does not hold the query", link)
	}
}

func noLink(s *stand) {
	if link := optional[analysis.Linker](s).Link(s.query(3, time.Minute)); link != "" {
		s.Errorf("link %q, although nobody said where people reach it", link)
	}
}

// batchCase wants answers in order, and an error only for the query that has one.
func batchCase(s *stand) {
	source := optional[analysis.BatchSource](s)
	s.has(Answer{Series: []analysis.Series{series(time.Minute, nil, 1, 2, 3)}})
	good, bad := s.query(3, time.Minute), s.query(3, time.Minute)
	bad.Step = 0
	qs := []analysis.Query{good, bad, s.query(2, time.Minute)}
	before := slices.Clone(qs)
	answers := source.FetchAll(s.ctx, qs)
	if !slices.Equal(qs, before) {
		s.Error("the queries were changed")
	}
	if len(answers) != len(qs) {
		s.Fatalf("%d answers to %d queries", len(answers), len(qs))
	}
	for i, want := range []analysis.Values{{1, 2, 3}, nil, {1, 2}} {
		a := answers[i]
		if want == nil {
			if analysis.KindOf(a.Err) != analysis.Invalid {
				s.Errorf("answer %d: error %v, want an invalid one", i, a.Err)
			}
			continue
		}
		if a.Err != nil || len(a.Series) != 1 {
			s.Errorf("answer %d: %d series, error %v", i, len(a.Series), a.Err)
			continue
		}
		s.same(a.Series[0].Values, want)
	}
}
