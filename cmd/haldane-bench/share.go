package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// shareOptions are those of "share".
type shareOptions struct {
	runs, kinds int
	step        time.Duration
	steps       int
}

// shareCommand starts many runs of a few kinds of plans against a Prometheus stand-in that
// counts, and prints how many requests a look costs, with questions shared and without.
func shareCommand(ctx context.Context, args []string, s streams) (int, error) {
	var o shareOptions
	f := flag.NewFlagSet("haldane-bench share", flag.ContinueOnError)
	f.SetOutput(s.err)
	f.IntVar(&o.runs, "runs", 2000, "runs at the same time, each of a service of its own")
	f.IntVar(&o.kinds, "plans", 20, "kinds of plans among them; runs of one kind ask the same")
	f.DurationVar(&o.step, "step", 20*time.Second, "between samples, and between looks")
	f.IntVar(&o.steps, "steps", 6, "samples of a run")
	if err := f.Parse(args); err != nil {
		return exitTrouble, err
	}
	prom := &countingPrometheus{}
	server := httptest.NewServer(prom)
	defer server.Close()
	text, plans := o.config(server.URL)
	h, err := openHouse(ctx, text)
	if err != nil {
		return exitTrouble, err
	}
	return exitOK, h.close(o.measure(ctx, h, prom, plans, s))
}

// config is a plan for each service. Each has a ratio, so that a look asks four questions
// for each step.
func (o *shareOptions) config(url string) (text string, plans []string) {
	var b strings.Builder
	fmt.Fprintf(&b, "sources:\n  prom: {type: prometheus, url: %q, delay: 2s}\nplans:\n", url)
	for i := range o.runs {
		name, kind := fmt.Sprintf("service-%d", i), i%o.kinds
		fmt.Fprintf(&b, `  - name: %s
    every: %s
    step: %s
    duration: %s
    metrics:
      - name: errors
        source: prom
        kind: ratio
        bad: sum(increase(requests_total{platform="%d",version="{{.Version}}",code=~"5.."}[{{.Step}}]))
        total: sum(increase(requests_total{platform="%d",version="{{.Version}}"}[{{.Step}}]))
`, name, o.step, o.step, time.Duration(o.steps)*o.step, kind, kind)
		plans = append(plans, name)
	}
	return b.String(), plans
}

func (o *shareOptions) measure(ctx context.Context, h *house, prom *countingPrometheus, plans []string, s streams) error {
	if err := h.start(ctx, plans); err != nil {
		return err
	}
	limit, cancel := context.WithTimeout(ctx, time.Duration(o.steps+4)*o.step+5*time.Minute)
	defer cancel()
	runs, err := h.wait(limit, s.following)
	if err != nil {
		return err
	}
	outcomes, looks := map[string]int{}, 0
	for i := range runs {
		looks += runs[i].Progress.Looks
		if runs[i].Outcome != nil {
			outcomes[string(*runs[i].Outcome)]++
		}
	}
	asked, err := h.counter(ctx, "haldane_source_questions_total", "how", "asked")
	if err != nil {
		return err
	}
	shared, err := h.counter(ctx, "haldane_source_questions_total", "how", "shared")
	if err != nil {
		return err
	}
	requests := float64(prom.requests.Load())
	fmt.Fprintf(s.out, "runs          %d of %d kinds of plans, %d looks, outcomes %v\n", len(runs), o.kinds, looks, outcomes)
	fmt.Fprintf(s.out, "questions     %.0f\n", asked+shared)
	fmt.Fprintf(s.out, "requests      %.0f\n", requests)
	fmt.Fprintf(s.out, "a look        %.4f requests; %.2f without sharing (%.0f times as many)\n",
		requests/float64(looks), (asked+shared)/float64(looks), (asked+shared)/math.Max(1, requests))
	if requests != asked {
		return fmt.Errorf("the server counted %.0f requests, /metrics %.0f", requests, asked)
	}
	return nil
}

// following shows how many runs are open, on a terminal.
func (s streams) following(open, all int) {
	if s.terminal {
		fmt.Fprintf(s.err, "\r%d of %d runs have ended ", all-open, all)
		if open == 0 {
			fmt.Fprintln(s.err)
		}
	}
}

// countingPrometheus answers range queries with steady traffic of two versions.
type countingPrometheus struct{ requests atomic.Int64 }

func (p *countingPrometheus) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.requests.Add(1)
	_ = r.ParseForm()
	start, _ := strconv.ParseFloat(r.Form.Get("start"), 64)
	end, _ := strconv.ParseFloat(r.Form.Get("end"), 64)
	step, _ := strconv.ParseFloat(r.Form.Get("step"), 64)
	value := 100_000
	if strings.Contains(r.Form.Get("query"), "code=~") {
		value = 100
	}
	var points []string
	for i := 0; step > 0 && start+float64(i)*step <= end+step/1000; i++ {
		points = append(points, fmt.Sprintf(`[%.3f,"%d"]`, start+float64(i)*step, value+i%3))
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[%s]}]}}`, strings.Join(points, ","))
}
