package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

// mostPushed bounds what one run keeps.
const mostPushed = 100_000

// Push adds samples to a running run, all of them or none. Those that are there
// already, the same to the last digit, do no harm. Samples of steps that were judged
// already count from the next look on.
//
// Errors: NotFound; Invalid, with its fields; Conflict when the run has ended, or when
// another sample of the same name is there.
func (e *Engine) Push(ctx context.Context, runID string, samples []analysis.PushedSample, by analysis.Cause) (analysis.PushResult, error) {
	r, err := e.store.Run(ctx, runID)
	if err != nil {
		return analysis.PushResult{}, err
	}
	if r.Status.Ended() {
		return analysis.PushResult{}, analysis.Errorf(analysis.Conflict, "run %s: has ended already, it is %s", runID, r.Status)
	}
	if err := checkPushed(&r, samples, time.Now().UTC()); err != nil {
		return analysis.PushResult{}, err
	}
	var result analysis.PushResult
	// The run's row is left alone: a look at hand must not be thrown away for this.
	err = e.store.Write(ctx, func(tx *store.Tx) error {
		result = analysis.PushResult{}
		known, err := tx.HasPushed(ctx, runID, by)
		if err != nil {
			return err
		}
		for i := range samples {
			kept, err := tx.Push(ctx, runID, &samples[i], by)
			if err == nil {
				err = count(&result, i, &samples[i], kept)
			}
			if err != nil {
				return err
			}
		}
		n, err := tx.CountPushed(ctx, runID)
		if err == nil && n > mostPushed {
			err = analysis.Errorf(analysis.Invalid, "run %s: would have %d samples that were pushed; %d are the most", runID, n, mostPushed).
				WithHint("one sample a step, of what happened in it")
		}
		if err != nil || known || result.Accepted == 0 {
			return err
		}
		return tx.InsertEvent(ctx, &analysis.Event{
			ID: newID(), RunID: runID, Service: r.Service, Environment: r.Environment, At: time.Now().Truncate(time.Millisecond).UTC(),
			Type: analysis.EventSamplesPushed, Who: by, Text: by.String() + " began to push samples",
		})
	})
	if err != nil {
		return analysis.PushResult{}, err
	}
	return result, nil
}

// count says what became of one sample, given the one that was there before it.
func count(result *analysis.PushResult, i int, p, kept *analysis.PushedSample) error {
	switch {
	case kept == nil:
		result.Accepted++
	case kept.Value == p.Value && equal(kept.Total, p.Total):
		result.Duplicates++
	default:
		return analysis.Errorf(analysis.Conflict, "samples[%d]: metric %s, %s has another value at %s: %v",
			i, p.Metric, p.Side, p.Time.Format(time.RFC3339Nano), kept.Value).WithHint("another time")
	}
	return nil
}

func equal(a, b *float64) bool { return a == b || a != nil && b != nil && *a == *b }

// checkPushed completes samples and wants what can be judged.
func checkPushed(r *analysis.Run, samples []analysis.PushedSample, now time.Time) error {
	var fields []analysis.FieldError
	wrong := func(i int, name, format string, args ...any) {
		fields = append(fields, analysis.FieldError{Field: fmt.Sprintf("samples[%d].%s", i, name), Message: fmt.Sprintf(format, args...)})
	}
	for i := range samples {
		p := &samples[i]
		if p.Side == "" {
			p.Side = analysis.SideCanary
		}
		if p.Time.IsZero() {
			p.Time = now
		}
		p.Time = p.Time.UTC().Truncate(time.Millisecond)
		m, known := r.Snapshot.Metric(p.Metric)
		switch {
		case !known || m.Source != analysis.SourcePush:
			wrong(i, "metric", "%q is no metric of plan %s with source push; those are: %s", p.Metric, r.Plan, pushedMetrics(&r.Snapshot))
			continue
		case p.Side != analysis.SideCanary && p.Side != analysis.SideBaseline:
			wrong(i, "side", "%q is neither canary nor baseline", p.Side)
		case !sameNames(p.Labels, m.By):
			wrong(i, "labels", "those of metric %s are: %s", p.Metric, cmp.Or(strings.Join(m.By, ", "), "none"))
		case m.Kind.HasTotal() && p.Total == nil:
			wrong(i, "total", "missing: metric %s is a %s", p.Metric, m.Kind)
		case !m.Kind.HasTotal() && p.Total != nil:
			wrong(i, "total", "metric %s is a gauge, it has none", p.Metric)
		case m.Kind.HasTotal() && (p.Value < 0 || *p.Total < 0):
			wrong(i, "value", "events and totals are not negative")
		case p.Time.After(now.Add(time.Minute)):
			wrong(i, "time", "lies in the future")
		case p.Time.Before(r.StartedAt):
			wrong(i, "time", "lies before the run's start")
		}
		if len(m.By) > 0 {
			p.Segment = segmentName(m.By, p.Labels)
		}
	}
	if len(fields) > 0 {
		err := analysis.Errorf(analysis.Invalid, "samples: %s: %s", fields[0].Field, fields[0].Message)
		err.Fields = fields
		return err
	}
	return nil
}

func pushedMetrics(p *analysis.Plan) string {
	var names []string
	for _, m := range p.Metrics {
		if m.Source == analysis.SourcePush {
			names = append(names, m.Name)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// sameNames reports whether labels are exactly those of a metric's segments.
func sameNames(labels map[string]string, by []string) bool {
	return len(labels) == len(by) && !slices.ContainsFunc(by, func(name string) bool {
		value := labels[name]
		return value == "" || len(value) > longestLabel || strings.ContainsFunc(value, unicode.IsControl)
	})
}

const longestLabel = 200

// receive fills in the parts whose samples were pushed, up to the end of the window.
func (e *Engine) receive(ctx context.Context, r *analysis.Run, w analysis.Window, parts []*part) error {
	if !slices.ContainsFunc(parts, (*part).pushed) {
		return nil
	}
	samples, err := e.store.Pushed(ctx, r.ID)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if p.pushed() {
			p.receive(r, w, samples)
		}
	}
	return nil
}

// receive puts pushed samples on the grid. Several in one step are one: events and
// totals add up, of gauges it is the mean. The grid begins with the first whole step and
// may end before the run does; what lies between counts for the step next to it.
func (p *part) receive(r *analysis.Run, w analysis.Window, samples []analysis.PushedSample) {
	step := r.Snapshot.Step.Std()
	whole := r.Whole()
	judged := r.StartedAt.Add(r.Snapshot.Warmup.Std())
	p.steps = w.Steps(step)
	n := map[string][]int{}
	for _, s := range samples {
		if s.Metric != p.metric.Name || s.Side != p.side || s.Time.Before(judged) {
			continue
		}
		i := int((s.Time.Sub(whole.Start) - 1) / step)
		if i = max(0, min(i, whole.Steps(step)-1)); i >= p.steps {
			continue
		}
		if p.samples[s.Segment] == nil {
			p.samples[s.Segment], n[s.Segment] = padded(nil, p.steps), make([]int, p.steps)
		}
		v := s.Value
		if p.total {
			v = *s.Total
		}
		values, seen := p.samples[s.Segment], n[s.Segment]
		switch seen[i]++; {
		case seen[i] == 1:
			values[i] = v
		case p.metric.Kind.HasTotal():
			values[i] += v
		default:
			values[i] += (v - values[i]) / float64(seen[i])
		}
	}
}
