package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// limitOptions are those of "limit".
type limitOptions struct {
	runs, limit int
	pace        int // how many times faster than a clock
}

// limitCommand starts more runs than the limit of a Datadog stand-in allows looks for, and
// prints what became of them and how much later their verdicts came. Everything is as much
// faster as the pace says: half-hour runs, minute samples, the hour of the limit.
func limitCommand(ctx context.Context, args []string, s streams) (int, error) {
	var o limitOptions
	f := flag.NewFlagSet("haldane-bench limit", flag.ContinueOnError)
	f.SetOutput(s.err)
	f.IntVar(&o.runs, "runs", 300, "runs at the same time, each of a service and queries of its own")
	f.IntVar(&o.limit, "limit", 100, "requests that the organisation may make in an hour")
	f.IntVar(&o.pace, "pace", 20, "how many times faster than in life; at 20 an hour lasts three minutes")
	if err := f.Parse(args); err != nil {
		return exitTrouble, err
	}
	dd := &limitedDatadog{limit: o.limit, period: o.life(time.Hour), bucket: o.life(time.Minute)}
	server := httptest.NewServer(dd)
	defer server.Close()
	text, plans := o.config(server.URL)
	h, err := openHouse(ctx, text)
	if err != nil {
		return exitTrouble, err
	}
	code, err := o.measure(ctx, h, dd, plans, s)
	return code, h.close(err)
}

// life is how long something lasts here.
func (o *limitOptions) life(d time.Duration) time.Duration { return d / time.Duration(o.pace) }

func (o *limitOptions) config(url string) (text string, plans []string) {
	var b strings.Builder
	fmt.Fprintf(&b, "sources:\n  dd: {type: datadog, url: %q, api_key: a, app_key: b, delay: %s}\nplans:\n", url, o.life(2*time.Minute))
	for i := range o.runs {
		name := fmt.Sprintf("service-%d", i)
		fmt.Fprintf(&b, `  - name: %s
    every: %s
    step: %s
    duration: %s
    metrics:
      - name: errors
        source: dd
        kind: ratio
        bad: sum:requests.errors{service:%s,version:{{.Version}}}.as_count()
        total: sum:requests{service:%s,version:{{.Version}}}.as_count()
`, name, o.life(30*time.Second), o.life(time.Minute), o.life(30*time.Minute), name, name)
		plans = append(plans, name)
	}
	return b.String(), plans
}

func (o *limitOptions) measure(ctx context.Context, h *house, dd *limitedDatadog, plans []string, s streams) (int, error) {
	if err := h.start(ctx, plans); err != nil {
		return exitTrouble, err
	}
	runs, err := h.wait(ctx, s.following)
	if err != nil {
		return exitTrouble, err
	}
	outcomes := map[string]int{}
	var late []time.Duration
	looks := 0
	for i := range runs {
		r := &runs[i]
		if r.Outcome != nil {
			outcomes[string(*r.Outcome)]++
		}
		looks += r.Progress.Looks
		due := r.EndsAt.Add(o.life(2 * time.Minute))
		late = append(late, max(0, r.FinishedAt.Sub(due))*time.Duration(o.pace))
	}
	slices.Sort(late)
	asked, refused, most := dd.counted()
	at := func(share float64) analysis.Duration {
		return analysis.Duration(late[int(share*float64(len(late)-1))].Round(time.Second))
	}
	fmt.Fprintf(s.out, "runs          %d, outcomes %v, %d looks\n", len(runs), outcomes, looks)
	fmt.Fprintf(s.out, "requests      %d, at most %d in an hour of the %d allowed; %d were refused with 429\n", asked, most, o.limit, refused)
	fmt.Fprintf(s.out, "verdicts came later than without a limit by: median %s, 90 %% within %s, the last %s\n", at(.5), at(.9), at(1))
	if outcomes["fail"] > 0 {
		return exitFail, nil
	}
	return exitOK, nil
}

// limitedDatadog answers POST /api/v2/query/timeseries with steady traffic, so many times
// in a period.
type limitedDatadog struct {
	limit  int
	period time.Duration
	bucket time.Duration

	mu                             sync.Mutex
	since                          time.Time // of the period
	used, asked, refused, mostUsed int
}

func (d *limitedDatadog) counted() (asked, refused, most int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked, d.refused, d.mostUsed
}

// take uses up one request; the headers say what is left, as Datadog's do.
func (d *limitedDatadog) take(h http.Header) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	if start := now.Truncate(d.period); start.After(d.since) {
		d.since, d.used = start, 0
	}
	ok := d.used < d.limit
	if ok {
		d.used++
		d.asked++
		d.mostUsed = max(d.mostUsed, d.used)
	} else {
		d.refused++
	}
	h.Set("X-RateLimit-Limit", strconv.Itoa(d.limit))
	h.Set("X-RateLimit-Period", strconv.Itoa(int(d.period.Seconds())))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(d.limit-d.used))
	h.Set("X-RateLimit-Reset", strconv.Itoa(int((d.since.Add(d.period).Sub(now)+time.Second-1)/time.Second)))
	h.Set("X-RateLimit-Name", "query_timeseries")
	return ok
}

func (d *limitedDatadog) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if !d.take(w.Header()) {
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = w.Write([]byte(`{"errors":["Rate limit of 100 requests in 3600 seconds reached. Please try again later."]}`))
		return
	}
	var in struct {
		Data struct {
			Attributes struct {
				From, To, Interval int64
				Queries            []struct{ Query string }
				Formulas           []struct{ Formula string }
			}
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	a := in.Data.Attributes
	var times []int64
	for t := (a.From + a.Interval - 1) / a.Interval * a.Interval; t+a.Interval <= a.To; t += a.Interval {
		times = append(times, t)
	}
	var series []map[string]any
	var values [][]float64
	for i, q := range a.Queries {
		v := 2000.0
		if strings.Contains(q.Query, "errors") {
			v = 4
		}
		row := make([]float64, len(times))
		for k := range row {
			row[k] = v + float64(times[k]/a.Interval%3)
		}
		values = append(values, row)
		series = append(series, map[string]any{"group_tags": []string{}, "query_index": i, "unit": nil})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{
		"id": "0", "type": "timeseries_response", "attributes": map[string]any{"times": times, "values": values, "series": series},
	}})
}
