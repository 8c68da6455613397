package graphite

import (
	"context"
	"net/url"
	"sync"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/sources/answer"
	"github.com/haldane-dev/haldane/sources/web"
)

// Source answers queries that are targets of Graphite's render API. It may be used by
// many at the same time.
type Source struct {
	web         *web.Client
	consolidate answer.Consolidate
	dots        Dots
	page        *url.URL // of links; nil for none

	mu    sync.Mutex
	known map[string]known // by target
}

// known is what earlier answers have told about a target.
type known struct {
	sense bool          // it makes sense, although it was answered with nothing
	reach time.Duration // how long before a window its samples must be asked for
}

var (
	_ analysis.Source      = (*Source)(nil)
	_ analysis.BatchSource = (*Source)(nil)
	_ analysis.Checker     = (*Source)(nil)
	_ analysis.Quoter      = (*Source)(nil)
	_ analysis.Linker      = (*Source)(nil)
)

// newSource makes a source of checked settings. Of server, the settings fill in all but
// Env and what tests put there.
func newSource(c *Config, server web.Server) (*Source, error) {
	s := &Source{consolidate: c.Consolidate, dots: c.Dots, known: map[string]known{}}
	server.Common, server.URL, server.Login, server.Reach = c.SourceCommon, c.URL, c.Login, c.Reach
	server.Vendor = web.Vendor{
		API:   "Graphite API",
		Where: "the address before /render, with the path prefix if there is one",
		Doubt: "check that its url is that of a Graphite",
		Keys:  web.LoginKeys,
		Words: s.said,
	}
	var err error
	if s.web, err = web.New(server); err != nil {
		return nil, err
	}
	s.page = web.Page(c.ExternalURL, "/")
	return s, nil
}

// Fetch implements analysis.Source.
func (s *Source) Fetch(ctx context.Context, q analysis.Query) ([]analysis.Series, error) {
	p, err := s.pose(q)
	if err != nil {
		return nil, err
	}
	return s.alone(ctx, p)
}

// posed is a query that makes sense, with its answer to be.
type posed struct {
	analysis.Query
	window analysis.Window // in whole seconds
	reach  time.Duration   // how long before the window samples are asked for
	tries  int
	got    *answer.Collector
}

// pose finds what is wrong with a query without asking.
func (s *Source) pose(q analysis.Query) (posed, error) {
	got, err := answer.New(s.web.Who(), q, time.Second)
	if err != nil {
		return posed{}, err
	}
	if err := oneTarget(q.Text); err != nil {
		return posed{}, s.web.Named(err)
	}
	reach := max(q.Step, s.recall(q.Text).reach) // a step is nearly always enough
	return posed{Query: q, window: got.Parts(q.Window.Steps(q.Step))[0], reach: reach, got: got}, nil
}

// alone asks one query.
func (s *Source) alone(ctx context.Context, p posed) ([]analysis.Series, error) {
	asked := ask(p.window, p.reach)
	list, err := s.render(ctx, []string{p.Text}, asked)
	if err != nil {
		return nil, err
	}
	return s.read(ctx, p, list, asked)
}

// read makes the answer of what was rendered, or asks again when that has shown that
// samples from longer before the window are needed.
func (s *Source) read(ctx context.Context, p posed, list []rendered, asked span) ([]analysis.Series, error) {
	if reach := further(list, p.reach); reach > 0 && p.tries < maxReaches {
		p.reach = reach
		p.tries++
		return s.alone(ctx, p)
	}
	if longest(list) > p.Step {
		s.learn(p.Text, func(k *known) { k.reach = twoBuckets(list) })
	}
	if len(list) == 0 {
		if err := s.makesSense(ctx, p.Text, asked); err != nil {
			return nil, err
		}
	}
	if err := s.place(p.got, p.Step, list, asked); err != nil {
		return nil, err
	}
	return p.got.Series()
}

// maxReaches ends the search for buckets that are as long as what is asked for, which
// are those of lines that need no samples.
const maxReaches = 4

// maxKnown bounds the memory for what is known about targets.
const maxKnown = 1000

func (s *Source) recall(target string) known {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[target]
}

func (s *Source) learn(target string, what func(*known)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= maxKnown {
		clear(s.known)
	}
	k := s.known[target]
	what(&k)
	s.known[target] = k
}

// makesSense tells silence from a target that Graphite could not parse: it answers both
// with nothing. A target that makes sense, and matches nothing, falls back to a line.
func (s *Source) makesSense(ctx context.Context, target string, asked span) error {
	if s.recall(target).sense {
		return nil
	}
	list, err := s.render(ctx, []string{"fallbackSeries(" + target + ",constantLine(0))"}, asked)
	switch {
	case analysis.KindOf(err) == analysis.Invalid:
		return nil // this Graphite has no fallbackSeries, and says when it does not understand
	case err != nil:
		return err
	case len(list) == 0:
		return s.invalid("the query was not understood: Graphite has dropped it without a word").
			WithHint("check its commas, quotes and the arguments of its functions")
	}
	s.learn(target, func(k *known) { k.sense = true })
	return nil
}

// Check implements analysis.Checker: a line that needs no metric must be drawn.
func (s *Source) Check(ctx context.Context) error {
	now := time.Now().Unix()
	list, err := s.render(ctx, []string{"constantLine(1)"}, span{now - 60, now})
	if err != nil {
		return err
	}
	if len(list) != 1 || len(list[0].Points) == 0 || list[0].Points[0].value != 1 {
		return s.web.Strange("it answers, but not as Graphite does")
	}
	return nil
}

// Link implements analysis.Linker: Graphite's composer, showing the window. It takes
// times by the minute.
func (s *Source) Link(q analysis.Query) string {
	if s.page == nil {
		return ""
	}
	const layout = "15:04_20060102"
	page := *s.page
	page.RawQuery = url.Values{
		"target": {q.Text},
		"from":   {q.Window.Start.UTC().Format(layout)},
		"until":  {q.Window.End.Add(time.Minute - 1).UTC().Format(layout)},
		"tz":     {"UTC"},
	}.Encode()
	return page.String()
}

// invalid is an error of a query.
func (s *Source) invalid(format string, args ...any) *analysis.Error {
	return s.web.Named(analysis.Errorf(analysis.Invalid, format, args...))
}
