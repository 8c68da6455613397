package prometheus

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metrics "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/haldane-dev/haldane/analysis"
)

// shop is an exporter. Between two scrapes 10 requests come to version 1, one of
// which fails, and take 40 ms each.
func shop(t *testing.T) *httptest.Server {
	t.Helper()
	registry := metrics.NewRegistry()
	requests := metrics.NewCounterVec(metrics.CounterOpts{Name: "http_requests_total"}, []string{"version", "code"})
	idle := metrics.NewCounter(metrics.CounterOpts{Name: "idle_total"})
	seconds := metrics.NewHistogram(metrics.HistogramOpts{
		Name: "http_request_duration_seconds", Buckets: []float64{0.025, 0.05, 0.1},
	})
	native := metrics.NewHistogram(metrics.HistogramOpts{Name: "native_seconds", NativeHistogramBucketFactor: 1.1})
	registry.MustRegister(requests, idle, seconds, native)
	export := promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	var scrapes atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scrapes.Add(1)
		requests.WithLabelValues("1", "200").Add(9)
		requests.WithLabelValues("1", "500").Add(1)
		requests.WithLabelValues("2", "200").Add(20)
		for range 10 {
			seconds.Observe(0.04)
			native.Observe(0.04)
		}
		export.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// real starts Debian's Prometheus, which scrapes the shop, and returns its address
// once there is enough to ask for.
func real(t *testing.T) string {
	t.Helper()
	binary, err := exec.LookPath("prometheus")
	if err != nil {
		if os.Getenv("HALDANE_CI") == "1" {
			t.Fatal("prometheus is not installed; HALDANE_CI=1 wants it (try: apt-get install prometheus)")
		}
		t.Skip("prometheus is not installed (try: apt-get install prometheus)")
	}
	dir := t.TempDir()
	config := fmt.Sprintf("global: {scrape_interval: 500ms, scrape_timeout: 500ms}\n"+
		"scrape_configs: [{job_name: shop, static_configs: [{targets: [%q]}]}]\n",
		strings.TrimPrefix(shop(t).URL, "http://"))
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	var log bytes.Buffer
	cmd := exec.Command(binary, "--config.file="+filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address,
		"--enable-feature=native-histograms", "--log.level=warn")
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("prometheus said:\n%s", log.String())
		}
	})
	url := "http://" + address
	waitFor(t, opened(t, settings(url)))
	return url
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// waitFor polls until the shop was scraped eight times.
func waitFor(t *testing.T, s *Source) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		now := time.Now()
		got, err := s.Fetch(ctx, analysis.Query{
			Text: `idle_total and count_over_time(idle_total[1m]) >= 8`, Step: time.Second,
			Window: analysis.Window{Start: now.Add(-time.Second), End: now},
		})
		if err == nil && len(got) == 1 {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("prometheus has not scraped in time: %v, %v", got, err)
		}
	}
}

// near wants values within a hair, missing ones at the same steps.
func near(got analysis.Values, want ...float64) bool {
	if len(got) != len(want) {
		return false
	}
	for i, w := range want {
		g := got[i]
		if analysis.IsMissing(g) != analysis.IsMissing(w) {
			return false
		}
		if g != w && !(math.IsNaN(g) && math.IsNaN(w)) && !(math.Abs(g-w) < 1e-9) {
			return false
		}
	}
	return true
}

func TestRealPrometheus(t *testing.T) {
	url := real(t)
	s := opened(t, settings(url))
	now := time.Now().Truncate(time.Second)
	last := analysis.Window{Start: now.Add(-3 * time.Second), End: now}
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("check: %v", err)
	}
	gone, nan, inf := analysis.Missing(), math.NaN(), math.Inf(1)
	for name, c := range map[string]struct {
		query  string
		reduce analysis.Reduce
		want   []float64 // three steps of a second; nil for an empty answer
		kind   analysis.Kind
		text   string
	}{
		"share of errors": {query: `sum(rate(http_requests_total{version="1",code="500"}[10s])) / sum(rate(http_requests_total{version="1"}[10s]))`, want: []float64{0.1, 0.1, 0.1}},
		"a quantile":      {query: `histogram_quantile(0.5, sum by (le) (rate(http_request_duration_seconds_bucket[10s])))`, want: []float64{0.0375, 0.0375, 0.0375}},
		"a native one":    {query: `histogram_quantile(0.5, rate(native_seconds[10s])) > bool 0.03`, want: []float64{1, 1, 1}},
		"nothing":         {query: `rate(http_requests_total{version="3"}[10s])`},
		"0/0":             {query: `rate(idle_total[10s]) / rate(idle_total[10s])`, want: []float64{nan, nan, nan}},
		"1/0":             {query: `vector(1) / 0`, want: []float64{inf, inf, inf}},
		"-1/0":            {query: `vector(-1) / 0`, want: []float64{-inf, -inf, -inf}},
		"zero":            {query: `idle_total`, want: []float64{0, 0, 0}},
		"a gap":           {query: fmt.Sprintf(`vector(1) unless vector(time()) == %d`, now.Unix()-1), want: []float64{1, gone, 1}},
		"a scalar":        {query: `scalar(vector(7))`, want: []float64{7, 7, 7}},
		"the largest":     {query: `vector(3) or label_replace(vector(5), "a", "b", "", "")`, reduce: analysis.ReduceMax, want: []float64{5, 5, 5}},
		"a long query":    {query: `vector(4)` + strings.Repeat(` + vector(0)`, 300), want: []float64{4, 4, 4}},

		"does not parse":    {query: `sum(rate(x[1m])`, kind: analysis.Invalid, text: "the query was refused: 1:16: parse error: unclosed left parenthesis"},
		"a range":           {query: `http_requests_total[1m]`, kind: analysis.Invalid, text: "invalid expression type"},
		"does not match":    {query: `http_requests_total * on(job) http_requests_total`, kind: analysis.Invalid, text: "the query was refused: found duplicate series"},
		"several series":    {query: `sum by (version) (http_requests_total)`, kind: analysis.Invalid, text: `they differ in version: {version="1"}, {version="2"}`},
		"native histograms": {query: `native_seconds`, kind: analysis.Invalid, text: "native histograms"},
		"an empty query":    {query: ``, kind: analysis.Invalid, text: "the query was refused"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := s.Fetch(t.Context(), analysis.Query{Text: c.query, Window: last, Step: time.Second, Reduce: c.reduce})
			switch {
			case c.kind != "":
				if analysis.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.text) {
					t.Errorf("error %v, want %s about %q", err, c.kind, c.text)
				}
			case err != nil:
				t.Error(err)
			case c.want == nil && len(got) != 0:
				t.Errorf("%d series, want none", len(got))
			case c.want != nil && (len(got) != 1 || !near(got[0].Values, c.want...)):
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
	t.Run("times", func(t *testing.T) { realTimes(t, s, now) })
	t.Run("quoted names", func(t *testing.T) { realNames(t, s, last) })
	t.Run("links", func(t *testing.T) { realLink(t, url, last) })
}

// realTimes asks Prometheus for the time: each value must be the end of its step.
func realTimes(t *testing.T, s *Source, now time.Time) {
	for _, c := range []struct {
		since time.Duration // of the window's start before now
		step  time.Duration
		n     int
	}{
		{time.Hour, time.Minute, 60},
		{time.Hour, time.Minute, 1},
		{10*time.Second + 123456789, time.Second, 10},
		{3 * time.Second, 100 * time.Millisecond, 30},
		{7*time.Second + 7*time.Millisecond, time.Millisecond, 7},
		{10 * time.Minute, 1001 * time.Millisecond, 500},
		{30 * time.Minute, 100 * time.Millisecond, 15000},
		{400 * 24 * time.Hour, 13*time.Hour + 333*time.Millisecond, 700},
	} {
		start := now.Add(-c.since)
		q := analysis.Query{
			Text: "vector(time())", Step: c.step,
			Window: analysis.Window{Start: start, End: start.Add(time.Duration(c.n) * c.step)},
		}
		got, err := s.Fetch(t.Context(), q)
		if err != nil || len(got) != 1 || len(got[0].Values) != c.n || len(got[0].Warnings) != 0 {
			t.Fatalf("%d steps of %s: %d series, error %v", c.n, c.step, len(got), err)
		}
		for i, v := range got[0].Values {
			want := start.Truncate(time.Millisecond).Add(time.Duration(i+1) * c.step)
			if got := time.UnixMilli(int64(math.Round(v * 1000))); !got.Equal(want) {
				t.Fatalf("step %d of %s after %s is of %s, want %s", i, c.step, start, got, want)
			}
		}
	}
}

// realNames puts names into strings and reads them back.
func realNames(t *testing.T, s *Source, w analysis.Window) {
	for _, name := range []string{
		"1.4.2", `1"} or vector(0) #`, `back\slash`, `\"`, "two\nlines\tand a tab", "ünï ☃", "a'b`c", "\x00\x7f",
	} {
		got, err := s.Fetch(t.Context(), analysis.Query{
			Text: `label_replace(vector(1), "name", "` + s.Quote(name) + `", "", "")`, Window: w, Step: time.Second,
		})
		if err != nil || len(got) != 1 || got[0].Labels["name"] != name {
			t.Errorf("%q comes back as %v, error %v", name, got, err)
		}
	}
}

// realLink wants the page to be there.
func realLink(t *testing.T, url string, w analysis.Window) {
	c := settings(url)
	c.ExternalURL = url
	resp, err := http.Get(opened(t, c).Link(analysis.Query{Text: "up", Window: w, Step: time.Second}))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	page, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 200 || !bytes.Contains(page, []byte("Prometheus")) {
		t.Errorf("status %d, %d bytes", resp.StatusCode, len(page))
	}
}
