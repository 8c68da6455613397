package datadog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
	"github.com/haldane-dev/haldane/sources/answer"
	"github.com/haldane-dev/haldane/sources/web"
)

// Source answers queries of one organisation. It may be used by many at the same time.
type Source struct {
	web    *web.Client
	api    api
	keys   http.Header
	where  string // for errors: which site, or url, the keys are for
	budget *budget
	bad    refusals
	page   *url.URL // of links; nil for none
}

var (
	_ analysis.Source      = (*Source)(nil)
	_ analysis.BatchSource = (*Source)(nil)
	_ analysis.Checker     = (*Source)(nil)
	_ analysis.Quoter      = (*Source)(nil)
	_ analysis.Linker      = (*Source)(nil)
	_ analysis.Budgeter    = (*Source)(nil)
)

// newSource makes a source of checked settings. Of server, the settings fill in all but
// Env and what tests put there.
func newSource(c *Config, server web.Server) (*Source, error) {
	s := &Source{api: v2{}, where: "the site " + c.Site, keys: http.Header{
		"Dd-Api-Key": {c.APIKey.Reveal()}, "Dd-Application-Key": {c.AppKey.Reveal()},
	}}
	if c.API == apiV1 {
		s.api = v1{}
	}
	if c.URL != "" {
		s.where = "its url"
	}
	server.Common, server.URL, server.Reach = c.SourceCommon, c.address(), c.Reach
	server.Vendor = web.Vendor{
		API:   "Datadog API",
		Where: "site, or the address before /api as url",
		Doubt: "check site, or that its url is that of Datadog's API",
		Keys:  keys,
		Words: s.words, Before: s.before, After: s.after,
		Secrets: []config.Secret{c.APIKey, c.AppKey},
	}
	var err error
	if s.web, err = web.New(server); err != nil {
		return nil, err
	}
	s.budget = server.Env.Shared.Once(organisation(c, s.api), func() any { return newBudget(s.api.path()) }).(*budget)
	s.page = web.Page(c.pages())
	return s, nil
}

// organisation names whose budget it is, without telling a key: an API key belongs to
// one organisation, and each endpoint has limits of its own.
func organisation(c *Config, a api) string {
	sum := sha256.Sum256([]byte(c.APIKey.Reveal()))
	return "sources/datadog " + c.address() + a.path() + " " + hex.EncodeToString(sum[:8])
}

// before keeps a request from being sent, in a second try too, when the limit is used
// up.
func (s *Source) before(r web.Request) error {
	if r.Path != s.api.path() {
		return nil
	}
	if err := s.budget.exhausted(time.Now()); err != nil {
		return s.web.Named(err)
	}
	return nil
}

// after listens to what each answer says about limits.
func (s *Source) after(r web.Request, status int, h http.Header) {
	if r.Path == s.api.path() {
		s.budget.hear(status, h, time.Now())
	}
}

// Budgets implements analysis.Budgeter.
func (s *Source) Budgets() []analysis.Budget { return s.budget.shown(time.Now()) }

// Fetch implements analysis.Source. Series that were reduced have no labels.
func (s *Source) Fetch(ctx context.Context, q analysis.Query) ([]analysis.Series, error) {
	a := s.FetchAll(ctx, []analysis.Query{q})[0]
	return a.Series, a.Err
}

// item is one query on its way.
type item struct {
	query analysis.Query
	form  form
	got   *answer.Collector
	err   error
}

// FetchAll implements analysis.BatchSource: queries of the same window and step go out
// together. A query that is wrong does not take down the others.
func (s *Source) FetchAll(ctx context.Context, qs []analysis.Query) []analysis.Answer {
	items := make([]*item, len(qs))
	for i, q := range qs {
		items[i] = s.item(q)
	}
	var all sync.WaitGroup
	for _, batch := range s.batches(items) {
		all.Go(func() { s.ask(ctx, batch) })
	}
	all.Wait()
	answers := make([]analysis.Answer, len(qs))
	for i, it := range items {
		if answers[i].Err = it.err; it.err == nil {
			answers[i].Series, answers[i].Err = it.got.Series()
		}
	}
	return answers
}

// item understands a query. Datadog keeps one value a second.
func (s *Source) item(q analysis.Query) *item {
	it := &item{query: q}
	if it.got, it.err = answer.New(s.web.Who(), q, time.Second); it.err != nil {
		return it
	}
	var wrong *analysis.Error
	if it.form, wrong = parse(q.Text, q.Step); wrong == nil && s.api == (v1{}) {
		wrong = onlyMetrics(it.form)
	}
	if long := it.form.rollup; wrong == nil && long > q.Window.End.Sub(q.Window.Start) {
		// No bucket would ever lie inside: what looks like silence is the query's own doing.
		wrong = analysis.Errorf(analysis.Invalid, "the query rolls up over %s, longer than the %s that are asked for", analysis.Duration(long), analysis.Duration(q.Window.End.Sub(q.Window.Start))).
			WithHint("a step of %s in the plan, or a roll-up of %s at most", analysis.Duration(long), analysis.Duration(q.Step))
	}
	if wrong != nil {
		it.err = s.web.Named(wrong)
	}
	return it
}
