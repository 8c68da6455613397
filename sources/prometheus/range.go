package prometheus

import (
	"context"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/sources/answer"
)

// maxPoints is what Prometheus answers to one range query.
const maxPoints = 11000

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
	partial, err := s.call(ctx, func(ctx context.Context, api v1.API) (err error) {
		value, warnings, infos, err = api.QueryRange(ctx, query, part, v1.WithTimeout(wholeSeconds(s.timeout)))
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if partial {
		warnings = append(warnings, "the answer is partial: some of the servers behind it did not answer")
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
