package prometheus

import (
	"context"
	"net/url"
	"strconv"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/sources/answer"
	"github.com/haldane-dev/haldane/sources/web"
)

// maxPoints is what Prometheus answers to one range query.
const maxPoints = 11000

// Source answers queries in PromQL. It may be used by many at the same time.
type Source struct {
	web     *web.Client
	api     v1.API
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
	s := &Source{timeout: c.Timeout.Std()}
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
	s.api = v1.NewAPI(&client{s.web})
	if page, err := url.Parse(c.ExternalURL); err == nil && page.Host != "" {
		s.page = (&url.URL{Scheme: page.Scheme, Host: page.Host, Path: page.Path}).JoinPath("graph")
	}
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

// collect adds the series of one part to an answer.
func (s *Source) collect(got *answer.Collector, matrix model.Matrix) error {
	for _, stream := range matrix {
		if stream == nil {
			return s.web.Strange("its answer is not Prometheus's")
		}
		if len(stream.Histograms) > 0 {
			return analysis.Errorf(analysis.Invalid, "%s: the answer holds native histograms, not numbers", s.web.Who()).
				WithHint("histogram_quantile(0.99, ...) or histogram_avg(...) around the query")
		}
		labels := make(map[string]string, len(stream.Metric))
		for name, value := range stream.Metric {
			labels[string(name)] = string(value)
		}
		samples := make([]answer.Sample, len(stream.Values))
		for i, pair := range stream.Values {
			samples[i] = answer.Sample{At: pair.Timestamp.Time(), Value: float64(pair.Value)}
		}
		if err := got.Add(labels, samples); err != nil {
			return err
		}
	}
	return nil
}

// asked returns the request for a part of a window: from the end of its first step to
// the end of its last.
func asked(part analysis.Window, step time.Duration) v1.Range {
	return v1.Range{Start: part.Start.Add(step), End: part.End, Step: askedStep(step)}
}

// askedStep allows for servers that read the step as a float of seconds and cut it
// to whole milliseconds: 1.001 s would lose one of them.
func askedStep(step time.Duration) time.Duration {
	seconds := step.Seconds()
	if time.Duration(seconds*float64(time.Second)) < step || int64(seconds*1000) < step.Milliseconds() {
		return step + time.Microsecond
	}
	return step
}

// queryRange asks for one part of a window.
func (s *Source) queryRange(ctx context.Context, query string, part v1.Range) (model.Matrix, v1.Warnings, error) {
	var (
		value    model.Value
		warnings v1.Warnings
		infos    v1.Infos
	)
	err := s.web.Call(ctx, func(ctx context.Context) (err error) {
		value, warnings, infos, err = s.api.QueryRange(ctx, query, part, v1.WithTimeout(wholeSeconds(s.timeout)))
		return s.nonsense(err)
	})
	if err != nil {
		return nil, nil, err
	}
	for _, info := range infos {
		s.web.Log().Debug("prometheus remarks", "info", s.web.Clean(info, 300))
	}
	switch value := value.(type) {
	case model.Matrix:
		return value, warnings, nil
	case nil:
		return nil, nil, s.web.Strange("its answer holds no data")
	default:
		return nil, nil, s.web.Strange("it answers a range query with a " + value.Type().String())
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
	err := s.web.Call(ctx, func(ctx context.Context) (err error) {
		value, _, _, err = s.api.Query(ctx, "vector(1)", time.Time{})
		return s.nonsense(err)
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
