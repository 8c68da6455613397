package prometheus

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Source answers queries in PromQL. It may be used by many at the same time.
type Source struct {
	who     string // for errors: "source prom"
	api     v1.API
	hide    secrets
	log     *slog.Logger
	slots   chan struct{} // one for each request under way
	timeout time.Duration
	pause   time.Duration // before the second try, about
	page    *url.URL      // of links; nil for none
}

var (
	_ analysis.Source  = (*Source)(nil)
	_ analysis.Checker = (*Source)(nil)
	_ analysis.Quoter  = (*Source)(nil)
	_ analysis.Linker  = (*Source)(nil)
)

// newSource makes a source of checked settings that reaches its server by rt.
func newSource(c *Config, env config.Env, rt http.RoundTripper) *Source {
	base, _ := url.Parse(c.URL) // Check has parsed it
	s := &Source{
		who:     "source " + env.Name,
		hide:    newSecrets(c),
		log:     env.Log,
		slots:   make(chan struct{}, c.MaxConcurrent),
		timeout: c.Timeout.Std(),
		pause:   250 * time.Millisecond,
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.log = s.log.With("source", env.Name)
	if page, err := url.Parse(c.ExternalURL); err == nil && page.Host != "" {
		s.page = (&url.URL{Scheme: page.Scheme, Host: page.Host, Path: page.Path}).JoinPath("graph")
	}
	s.api = v1.NewAPI(&client{
		who: s.who, base: base, max: c.MaxResponse, hide: s.hide,
		http: &http.Client{Transport: rt, CheckRedirect: stay},
	})
	return s
}

// Fetch implements analysis.Source. Series that were reduced have no labels.
func (s *Source) Fetch(ctx context.Context, q analysis.Query) ([]analysis.Series, error) {
	g, err := newGrid(q)
	if err != nil {
		return nil, s.own(err)
	}
	answer := newCollector(q, g)
	for _, part := range g.parts() {
		matrix, warnings, err := s.queryRange(ctx, q.Text, part)
		if err != nil {
			return nil, err
		}
		if err := answer.add(part, matrix); err != nil {
			return nil, s.own(err)
		}
		answer.warn(s.hide, warnings)
	}
	return answer.series(), nil
}

// own puts the source's name before an error that does not know it.
func (s *Source) own(err *analysis.Error) *analysis.Error {
	err.Message = s.who + ": " + err.Message
	return err
}

// queryRange asks for one part of a window.
func (s *Source) queryRange(ctx context.Context, query string, part grid) (model.Matrix, v1.Warnings, error) {
	var (
		value    model.Value
		warnings v1.Warnings
		infos    v1.Infos
	)
	err := s.call(ctx, func(ctx context.Context) (err error) {
		value, warnings, infos, err = s.api.QueryRange(ctx, query, part.asked(), v1.WithTimeout(wholeSeconds(s.timeout)))
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	for _, info := range infos {
		s.log.Debug("prometheus remarks", "info", s.hide.clean(info, 300))
	}
	switch value := value.(type) {
	case model.Matrix:
		return value, warnings, nil
	case nil:
		return nil, nil, notPrometheus(s.who, "its answer holds no data")
	default:
		return nil, nil, notPrometheus(s.who, "it answers a range query with a "+value.Type().String())
	}
}

// wholeSeconds rounds up: the server is told how long we wait, and not all of
// them read fractions.
func wholeSeconds(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}

// Check implements analysis.Checker: a query that reads no series must be answered.
func (s *Source) Check(ctx context.Context) error {
	var value model.Value
	err := s.call(ctx, func(ctx context.Context) (err error) {
		value, _, _, err = s.api.Query(ctx, "vector(1)", time.Time{})
		return err
	})
	if err != nil {
		return err
	}
	v, ok := value.(model.Vector)
	if !ok || len(v) != 1 || v[0] == nil || v[0].Histogram != nil || v[0].Value != 1 {
		return notPrometheus(s.who, "it answers, but not as Prometheus does")
	}
	return nil
}

// Quote implements analysis.Quoter for a string in double quotes.
func (s *Source) Quote(name string) string {
	quoted := strconv.Quote(name)
	return quoted[1 : len(quoted)-1]
}

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
