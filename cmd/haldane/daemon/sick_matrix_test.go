package daemon_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// sickness is one way in which a metric store can be ill, or the control.
type sickness struct {
	name string
	// serve may answer by itself; then it returns true.
	serve func(w http.ResponseWriter, r *http.Request, age time.Duration) bool
	// value is what there is of a version: missing and NaN are answers too.
	value func(version string, age time.Duration) float64
	fails bool // a control: this release is bad, and the store is well
	waits bool // a limit that is used up is waited for, longer than this test does
}

func sicknesses() []sickness {
	good := func(string, time.Duration) float64 { return 0.1 }
	says := func(status int, headers ...string) func(http.ResponseWriter, *http.Request, time.Duration) bool {
		return func(w http.ResponseWriter, _ *http.Request, _ time.Duration) bool {
			for i := 0; i+1 < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"status":"error","errorType":"bad_data","error":"no","errors":["no"]}`)
			return true
		}
	}
	after := func(when time.Duration, serve func(http.ResponseWriter, *http.Request, time.Duration) bool) func(http.ResponseWriter, *http.Request, time.Duration) bool {
		return func(w http.ResponseWriter, r *http.Request, age time.Duration) bool {
			return age > when && serve(w, r, age)
		}
	}
	const middle = 4 * time.Second
	only := func(version string) func(string, time.Duration) float64 {
		return func(v string, _ time.Duration) float64 {
			if v == version {
				return 0.1
			}
			return analysis.Missing()
		}
	}
	return []sickness{
		{name: "well", value: good},
		{name: "well, and the release is bad", fails: true, value: func(version string, _ time.Duration) float64 {
			return map[string]float64{"1": 0.1, "2": 0.9}[version]
		}},
		{name: "down from the start", serve: says(503), value: good},
		{name: "down in the middle", serve: after(middle, says(503)), value: good},
		{name: "slow", value: good, serve: func(_ http.ResponseWriter, r *http.Request, _ time.Duration) bool {
			_, _ = io.Copy(io.Discard, r.Body) // only then is a caller missed that has gone
			<-r.Context().Done()
			return true
		}},
		{name: "429", waits: true, serve: says(429, "Retry-After", "1", "X-RateLimit-Limit", "100", "X-RateLimit-Period", "3600", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "2"), value: good},
		{name: "wrong query", serve: says(400), value: good},
		{name: "unauthorised in the middle", serve: after(middle, says(403)), value: good},
		{name: "empty", value: func(string, time.Duration) float64 { return analysis.Missing() }},
		{name: "NaN", value: func(string, time.Duration) float64 { return math.NaN() }},
		{name: "canary only", value: only("2")},
		{name: "baseline only", value: only("1")},
		{name: "canary silent from the middle", value: func(v string, age time.Duration) float64 {
			if v == "2" && age > middle {
				return analysis.Missing()
			}
			return 0.1
		}},
	}
}

// metricStore speaks the protocol of a vendor.
type metricStore struct {
	sick  sickness
	began time.Time
	speak func(w http.ResponseWriter, r *http.Request, value func(version string, at time.Time) float64)
}

func (m *metricStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if m.sick.serve != nil && m.sick.serve(w, r, time.Since(m.began)) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	m.speak(w, r, func(version string, at time.Time) float64 {
		v := m.sick.value(version, at.Sub(m.began))
		if analysis.IsFinite(v) {
			v += float64(at.Unix()%7) / 1000 // two sides that are the same to the digit are no releases
		}
		return v
	})
}

// of finds the version that a query asks for.
func of(query string) string {
	if strings.Contains(query, "v2") {
		return "2"
	}
	return "1"
}

// vendors are the sources of a config, with a server that speaks as theirs do.
var vendors = map[string]struct {
	source, query string
	speak         func(w http.ResponseWriter, r *http.Request, value func(string, time.Time) float64)
}{
	"prometheus": {
		`{type: prometheus, url: %q, delay: 100ms, timeout: 500ms}`, `errors{v="v{{.Version}}"}`,
		func(w http.ResponseWriter, r *http.Request, value func(string, time.Time) float64) {
			_ = r.ParseForm()
			f := func(name string) float64 { v, _ := strconv.ParseFloat(r.Form.Get(name), 64); return v }
			var points []string
			for t := f("start"); t <= f("end")+0.001; t += f("step") {
				v := value(of(r.Form.Get("query")), time.UnixMilli(int64(t*1000)))
				if !analysis.IsMissing(v) {
					points = append(points, fmt.Sprintf(`[%.3f,"%g"]`, t, v))
				}
			}
			series := ""
			if len(points) > 0 {
				series = `{"metric":{},"values":[` + strings.Join(points, ",") + `]}`
			}
			fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[%s]}}`, series)
		},
	},
	"datadog": {
		`{type: datadog, url: %q, api_key: a, app_key: b, delay: 100ms, timeout: 500ms}`, `avg:errors{version:v{{.Version}}}`,
		func(w http.ResponseWriter, r *http.Request, value func(string, time.Time) float64) {
			var in struct {
				Data struct {
					Attributes struct {
						From, To, Interval int64
						Queries            []struct{ Query string }
					}
				}
			}
			_ = json.NewDecoder(r.Body).Decode(&in)
			a := in.Data.Attributes
			var times []int64
			for t := (a.From + a.Interval - 1) / a.Interval * a.Interval; t < a.To; t += a.Interval {
				times = append(times, t)
			}
			values, series := [][]*float64{}, []map[string]any{}
			for i, q := range a.Queries {
				var row []*float64
				for _, t := range times {
					if v := value(of(q.Query), time.UnixMilli(t+a.Interval)); analysis.IsFinite(v) {
						row = append(row, &v)
					} else {
						row = append(row, nil) // it knows no NaN
					}
				}
				values, series = append(values, row), append(series, map[string]any{"group_tags": []string{}, "query_index": i})
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{
				"type":       "timeseries_response",
				"attributes": map[string]any{"times": times, "values": values, "series": series},
			}})
		},
	},
	"graphite": {
		`{type: graphite, url: %q, delay: 100ms, timeout: 500ms}`, `shop.v{{.Version}}.errors`,
		func(w http.ResponseWriter, r *http.Request, value func(string, time.Time) float64) {
			_ = r.ParseForm()
			from, _ := strconv.ParseInt(r.Form.Get("from"), 10, 64)
			until, _ := strconv.ParseInt(r.Form.Get("until"), 10, 64)
			all := []map[string]any{}
			for _, target := range r.Form["target"] {
				var points [][2]any
				for t := from + 1; t <= until; t++ {
					v := value(of(target), time.Unix(t+1, 0))
					if analysis.IsFinite(v) {
						points = append(points, [2]any{v, t})
					} else {
						points = append(points, [2]any{nil, t})
					}
				}
				if len(points) > 0 {
					all = append(all, map[string]any{"target": target, "datapoints": points, "tags": map[string]string{"name": target}})
				}
			}
			_ = json.NewEncoder(w).Encode(all)
		},
	},
	"http": {
		`{type: http, url: %q, delay: 100ms, timeout: 500ms}`, `/stats/v{{.Version}}?from=${start}&to=${end} | body.points`,
		func(w http.ResponseWriter, r *http.Request, value func(string, time.Time) float64) {
			from, _ := strconv.ParseInt(r.URL.Query().Get("from"), 10, 64)
			to, _ := strconv.ParseInt(r.URL.Query().Get("to"), 10, 64)
			points := [][2]any{}
			for t := from + 1; t <= to; t++ {
				switch v := value(of(r.URL.Path), time.Unix(t, 0)); {
				case analysis.IsMissing(v):
				case math.IsNaN(v):
					points = append(points, [2]any{t, nil}) // JSON has no NaN
				default:
					points = append(points, [2]any{t, v})
				}
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"points": points})
		},
	},
}

// TestSickSourcesNeverRollBack is the matrix of sources and sicknesses: no release is
// rolled back for its metric store's trouble, each run says what was in the way, and a bad
// release is still found.
func TestSickSourcesNeverRollBack(t *testing.T) {
	w, _ := newWorld(t, `include: ["matrix*.yaml"]`+"\n")
	var sources, plans strings.Builder
	want := map[string]sickness{} // by plan
	began := time.Now()
	for vendor, v := range vendors {
		for i, sick := range sicknesses() {
			name := fmt.Sprintf("%s-%d", vendor, i)
			want[name] = sick
			server := httptest.NewServer(&metricStore{sick: sick, began: began, speak: v.speak})
			t.Cleanup(server.Close)
			fmt.Fprintf(&sources, "  %s: "+v.source+"\n", name, server.URL)
			fmt.Fprintf(&plans, `  - name: %s
    judge: kayenta
    min_samples: 5
    allow_rollback: true
    every: 500ms
    step: 1s
    duration: 9s
    min_duration: 0s
    verify: 0s
    metrics:
      - {name: errors, source: %s, query: '%s', critical: true, no_data: {policy: fail, after: 1h}, kayenta: {effect_size: {critical_increase: 1.5}}}
    on_fail: [undo]
    on_delivery_failed: [tell]
`, name, name, v.query)
		}
	}
	if err := os.WriteFile(filepath.Join(w.dir, "matrix.yaml"), []byte("sources:\n"+sources.String()+"plans:\n"+plans.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := w.send("POST", "/-/reload", ""); r.status >= 300 {
		t.Fatalf("reload: %d %s", r.status, r.body)
	}
	ids := map[string]string{}
	for name := range want {
		ids[name] = w.begin(fmt.Sprintf(`{"plan":%q,"version":"2","baseline_version":"1"}`, name)).ID
	}
	failed := 0
	for _, name := range sorted(want) {
		sick := want[name]
		over := ended
		if sick.waits {
			over = func(r analysis.Run) bool {
				return strings.Contains(r.Reason, "limit") || strings.Contains(r.Reason, "slow down")
			}
		}
		run, outcome := w.until(ids[name], "over", over), "(waits)"
		if run.Outcome != nil {
			outcome = string(*run.Outcome)
		}
		if fails := outcome == string(analysis.OutcomeFail); fails != sick.fails || sick.waits && run.Status.Ended() {
			t.Errorf("%s: %s: %s", name, outcome, run.Reason)
		} else if fails {
			failed++
		}
		if len(run.Reason) < 15 {
			t.Errorf("%s: this explains nothing: %q", name, run.Reason)
		}
		vendor, _, _ := strings.Cut(name, "-")
		t.Logf("%-10s %-30s %-12s %s", vendor, sick.name, outcome, run.Reason)
	}
	w.until(ids["http-1"], "rolled back", func(r analysis.Run) bool { return r.Rollback.State == analysis.RollbackAccepted })
	if n := w.hook.to("/undo"); n != failed || failed != len(vendors) {
		t.Errorf("%d rollbacks of %d bad releases", n, failed)
	}
}

func sorted(m map[string]sickness) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
