package prometheus

import (
	"context"
	"maps"
	"net/url"
	"strconv"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/sources/answer"
	"github.com/haldane-dev/haldane/sources/web"
)

// Source answers queries in PromQL. It may be used by many at the same time.
type Source struct {
	web     *web.Client
	params  map[string]string // sent with every query
	timeout time.Duration
	page    *url.URL // of links; nil for none
}

var (
	_ analysis.Source  = (*Source)(nil)
	_ analysis.Checker = (*Source)(nil)
	_ analysis.Quoter  = (*Source)(nil)
	_ analysis.Linker  = (*Source)(nil)
)

// newSource makes a source of checked settings. Of server, the settings fill in all but
// Env and what tests put there.
func newSource(c *Config, server web.Server) (*Source, error) {
	s := &Source{timeout: c.Timeout.Std(), params: maps.Clone(c.Params)}
	server.Common, server.URL, server.Login, server.Reach = c.SourceCommon, c.URL, c.Login, c.Reach
	server.Vendor = web.Vendor{
		API:   "Prometheus API",
		Where: "the address before /api/v1, with the path prefix if there is one",
		Doubt: "check that its url is that of a Prometheus",
		Keys:  web.LoginKeys,
		Words: s.said,
	}
	var err error
	if s.web, err = web.New(server); err != nil {
		return nil, err
	}
	s.page = web.Page(c.ExternalURL, "graph")
	return s, nil
}

// Fetch implements analysis.Source. Series that were reduced have no labels.
func (s *Source) Fetch(ctx context.Context, q analysis.Query) ([]analysis.Series, error) {
	got, err := answer.New(s.web.Who(), q, time.Millisecond)
	if err != nil {
		return nil, err
	}
	for _, part := range got.Parts(maxPoints) {
		if err := got.Part(part); err != nil {
			return nil, err
		}
		matrix, warnings, err := s.queryRange(ctx, q.Text, asked(part, q.Step))
		if err != nil {
			return nil, err
		}
		if err := s.collect(got, matrix); err != nil {
			return nil, err
		}
		for _, w := range warnings {
			got.Warn(s.web.Clean(w, 300))
		}
	}
	return got.Series()
}

// call asks with api/v1, and reports whether the answer is partial.
func (s *Source) call(ctx context.Context, ask func(context.Context, v1.API) error) (partial bool, err error) {
	err = s.web.Call(ctx, func(ctx context.Context) error {
		c := &client{web: s.web, params: s.params}
		err := s.nonsense(ask(ctx, v1.NewAPI(c)))
		partial = c.partial
		return err
	})
	return partial, err
}

// Check implements analysis.Checker: a query that reads no series must be answered.
func (s *Source) Check(ctx context.Context) error {
	var value model.Value
	_, err := s.call(ctx, func(ctx context.Context, api v1.API) (err error) {
		value, _, _, err = api.Query(ctx, "vector(1)", time.Time{})
		return err
	})
	if err != nil {
		return err
	}
	v, ok := value.(model.Vector)
	if !ok || len(v) != 1 || v[0] == nil || v[0].Histogram != nil || v[0].Value != 1 {
		return s.web.Strange("it answers, but not as Prometheus does")
	}
	return nil
}

// Quote implements analysis.Quoter for a string in double quotes.
func (s *Source) Quote(name string) string { return answer.Quote(name) }

// Link implements analysis.Linker: the page that Prometheus, Thanos and others
// have for queries, showing the window.
func (s *Source) Link(q analysis.Query) string {
	if s.page == nil {
		return ""
	}
	end := q.Window.End.UTC().Format(time.DateTime)
	v := url.Values{
		"g0.expr":         {q.Text},
		"g0.tab":          {"0"},
		"g0.range_input":  {analysis.Duration(q.Window.End.Sub(q.Window.Start)).String()},
		"g0.end_input":    {end},
		"g0.moment_input": {end},
	}
	if q.Step >= time.Second && q.Step%time.Second == 0 {
		v.Set("g0.step_input", strconv.Itoa(int(q.Step/time.Second)))
	}
	page := *s.page
	page.RawQuery = v.Encode()
	return page.String()
}
