package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// stormOptions are those of "storm".
type stormOptions struct {
	runs int
	step time.Duration
	hold bool
}

// stormCommand lets many releases of different services fail in the same minute, and
// prints what went out: rollbacks, messages to people, and how soon after the verdicts.
func stormCommand(ctx context.Context, args []string, s streams) (int, error) {
	var o stormOptions
	f := flag.NewFlagSet("haldane-bench storm", flag.ContinueOnError)
	f.SetOutput(s.err)
	f.IntVar(&o.runs, "runs", 1000, "runs that fail, each of a service of its own")
	f.DurationVar(&o.step, "step", 5*time.Second, "between samples, and between looks")
	f.BoolVar(&o.hold, "hold", true, "hold rollbacks when many services fail at once; without it all are sent")
	if err := f.Parse(args); err != nil {
		return exitTrouble, err
	}
	r := &stormReceiver{got: map[string]int{}}
	prom, hook := httptest.NewServer(http.HandlerFunc(badCanary)), httptest.NewServer(r)
	defer prom.Close()
	defer hook.Close()
	text, plans := o.config(prom.URL, hook.URL)
	h, err := openHouse(ctx, text)
	if err != nil {
		return exitTrouble, err
	}
	return exitOK, h.close(o.measure(ctx, h, r, plans, s))
}

func (o *stormOptions) config(prom, hook string) (text string, plans []string) {
	var b strings.Builder
	services, limit := 5, 30
	if !o.hold {
		services, limit = 0, 0
	}
	fmt.Fprintf(&b, `sources:
  prom: {type: prometheus, url: %q, delay: 1s}
actions:
  undo: {type: webhook, url: "%s/undo"}
  oncall: {type: webhook, url: "%s/oncall", changes_world: false, max_per_minute: %d}
guards: {many_services: {services: %d}}
plans:
`, prom, hook, hook, limit, services)
	for i := range o.runs {
		name := fmt.Sprintf("service-%d", i)
		fmt.Fprintf(&b, `  - name: %s
    every: %s
    step: %s
    duration: %s
    judge: threshold
    baseline: none
    allow_rollback: true
    verify: 0s
    metrics:
      - {name: errors, source: prom, query: 'errors{version="{{.Version}}"}', threshold: {max: 0.5, consecutive: 2}}
    on_fail: [undo, oncall]
    on_delivery_failed: [oncall]
`, name, o.step, o.step, 20*o.step)
		plans = append(plans, name)
	}
	return b.String(), plans
}

func (o *stormOptions) measure(ctx context.Context, h *house, r *stormReceiver, plans []string, s streams) error {
	if err := h.start(ctx, plans); err != nil {
		return err
	}
	if _, err := h.wait(ctx, s.following); err != nil {
		return err
	}
	select { // the digest, and what is still on its way
	case <-time.After(75 * time.Second):
	case <-ctx.Done():
	}
	runs, err := h.runs(ctx)
	if err != nil {
		return err
	}
	first, last := runs[0].FinishedAt, runs[0].FinishedAt
	states := map[analysis.RollbackState]int{}
	for i := range runs {
		states[runs[i].Rollback.State]++
		if f := runs[i].FinishedAt; f.Before(*first) {
			first = f
		} else if f.After(*last) {
			last = f
		}
	}
	fmt.Fprintf(s.out, "runs          %d failed within %s; rollbacks %v\n", len(runs), last.Sub(*first).Round(time.Second), states)
	for _, path := range slices.Sorted(maps.Keys(r.got)) {
		fmt.Fprintf(s.out, "sent          %5d %s\n", r.got[path], path)
	}
	for _, q := range []float64{0.5, 0.99} {
		at, err := h.quantile(ctx, "haldane_delivery_latency_seconds", q)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "p%-12g from the verdict until it was delivered: %.2f s at most\n", q*100, at)
	}
	return nil
}

// stormReceiver counts webhooks by path and type.
type stormReceiver struct {
	mu  sync.Mutex
	got map[string]int
}

func (r *stormReceiver) ServeHTTP(_ http.ResponseWriter, req *http.Request) {
	var body struct{ Type string }
	b, _ := io.ReadAll(req.Body)
	_ = json.Unmarshal(b, &body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got[req.URL.Path+" "+body.Type]++
}

// badCanary answers that version 2 fails.
func badCanary(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	var start, end, step float64
	for name, into := range map[string]*float64{"start": &start, "end": &end, "step": &step} {
		_, _ = fmt.Sscan(r.Form.Get(name), into)
	}
	var points []string
	for t := start; t <= end+step/1000; t += step {
		points = append(points, fmt.Sprintf(`[%.3f,"0.9"]`, t))
	}
	_, _ = fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[%s]}]}}`, strings.Join(points, ","))
}

// quantile reads a quantile of a histogram of /metrics: the upper end of the bucket in
// which it lies.
func (f face) quantile(ctx context.Context, name string, q float64) (float64, error) {
	families, err := f.metrics(ctx)
	if err != nil || families[name] == nil {
		return math.NaN(), err
	}
	buckets := families[name].Metric[0].GetHistogram()
	for _, b := range buckets.Bucket {
		if float64(b.GetCumulativeCount()) >= q*float64(buckets.GetSampleCount()) {
			return b.GetUpperBound(), nil
		}
	}
	return math.Inf(1), nil
}
