package daemon_test

import (
	"bufio"
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/cmd/haldane/daemon"
	"github.com/haldane-dev/haldane/config"
)

// The past that tests play over: a week of version 1 on four pods, and on its last day
// version 2 beside it on two more. Each pod has requests, some of which fail, and a
// latency that follows the day: at eight in the morning it leaps.
var (
	weekStart  = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	weekEnd    = weekStart.Add(7 * 24 * time.Hour)
	released   = weekEnd.Add(-24 * time.Hour)
	turnedBad  = released.Add(12*time.Hour + 20*time.Minute) // of version 2
	scrapeGap  = [2]time.Time{weekStart.Add(30 * time.Hour), weekStart.Add(33 * time.Hour)}
	scrapeStep = 30 * time.Second
)

// pod is one replica, and what its counters have reached.
type pod struct {
	version, name string
	from          time.Time
	random        *rand.Rand
	good, bad     int
}

func (p *pod) labels() string { return fmt.Sprintf(`version=%q,pod=%q`, p.version, p.name) }

// live moves a pod on by one scrape, and returns its latency.
func (p *pod) live(at time.Time) float64 {
	hours := at.Sub(weekStart).Hours()
	traffic := 600 + 200*math.Sin(hours/24*2*math.Pi)
	n := int(traffic + math.Sqrt(traffic)*p.random.NormFloat64())
	share := 0.01
	if p.version == "2" && at.After(turnedBad) {
		share = 0.06
	}
	mean := share * float64(n)
	bad := max(0, int(math.Round(mean+math.Sqrt(mean)*p.random.NormFloat64())))
	p.bad, p.good = p.bad+bad, p.good+n-bad
	latency := 0.2
	if hour := at.Hour(); hour >= 8 && hour < 20 {
		latency = 0.3
	}
	return latency * math.Exp(0.05*p.random.NormFloat64())
}

// writePast writes the samples of the week as OpenMetrics.
func writePast(t *testing.T, file string) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	var pods []*pod
	for i, name := range []string{"shop-a", "shop-b", "shop-c", "shop-d", "shop-e", "shop-f"} {
		p := &pod{version: "1", name: name, from: weekStart, random: rand.New(rand.NewPCG(1, uint64(i)))}
		if i >= 4 {
			p.version, p.from = "2", released
		}
		pods = append(pods, p)
	}
	var latencies bytes.Buffer
	fmt.Fprintln(w, "# TYPE shop_requests counter")
	for _, p := range pods {
		var good bytes.Buffer
		for at := p.from.Add(scrapeStep / 2); at.Before(weekEnd); at = at.Add(scrapeStep) {
			latency := p.live(at)
			if at.After(scrapeGap[0]) && at.Before(scrapeGap[1]) {
				continue
			}
			fmt.Fprintf(w, "shop_requests_total{%s,code=\"500\"} %d %d\n", p.labels(), p.bad, at.Unix())
			fmt.Fprintf(&good, "shop_requests_total{%s,code=\"200\"} %d %d\n", p.labels(), p.good, at.Unix())
			fmt.Fprintf(&latencies, "shop_latency_seconds{%s} %.5f %d\n", p.labels(), latency, at.Unix())
		}
		_, _ = good.WriteTo(w)
	}
	fmt.Fprintln(w, "# TYPE shop_latency_seconds gauge")
	_, _ = latencies.WriteTo(w)
	fmt.Fprintln(w, "# EOF")
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// pastPrometheus starts Debian's Prometheus over that week, and returns its address.
func pastPrometheus(t *testing.T) string {
	t.Helper()
	for _, program := range []string{"prometheus", "promtool"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("HALDANE_CI") == "1" {
				t.Fatalf("%s is not installed; HALDANE_CI=1 wants it (try: apt-get install prometheus)", program)
			}
			t.Skipf("%s is not installed (try: apt-get install prometheus)", program)
		}
	}
	dir := t.TempDir()
	past, data, conf := filepath.Join(dir, "past"), filepath.Join(dir, "data"), filepath.Join(dir, "prometheus.yml")
	writePast(t, past)
	out, err := exec.Command("promtool", "tsdb", "create-blocks-from", "--quiet", "--max-block-duration=240h", "openmetrics", past, data).CombinedOutput()
	if err != nil {
		t.Fatalf("promtool: %v\n%s", err, out)
	}
	if err := os.WriteFile(conf, []byte("global: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	var log bytes.Buffer
	cmd := exec.Command("prometheus", "--config.file="+conf, "--storage.tsdb.path="+data,
		"--storage.tsdb.retention.time=100y", "--web.listen-address="+address, "--log.level=warn")
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
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		resp, err := http.Get("http://" + address + "/-/ready")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return "http://" + address
			}
		}
		<-time.After(50 * time.Millisecond)
	}
	t.Fatalf("prometheus is not ready:\n%s", log.String())
	return ""
}

// pastPlans is the config of plans over that week.
const pastPlans = `
sources:
  prom: {type: prometheus, url: %q, delay: 30s}
defaults: {step: 2m, every: 2m, duration: 1h}
plans:
  - name: shop
    metrics: &metrics
      - name: errors
        source: prom
        kind: ratio
        bad: sum(increase(shop_requests_total{version="{{.Version}}",code="500"}[{{.Step}}]))
        total: sum(increase(shop_requests_total{version="{{.Version}}"}[{{.Step}}]))
      - {name: latency, source: prom, query: 'avg(avg_over_time(shop_latency_seconds{version="{{.Version}}"}[{{.Step}}]))', tolerance: 10%%}
  - {name: yesterday, baseline: {offset: 1d}, metrics: *metrics}
  - name: limits
    baseline: none
    metrics: [{name: latency, source: prom, query: 'avg(shop_latency_seconds{version="{{.Version}}"})', threshold: {max: 0.25}}]
  - name: all
    metrics: [{name: latency, source: prom, query: 'avg(shop_latency_seconds{side="{{.Side}}",region="{{.Vars.region}}"})'}]
  - name: pushed
    metrics:
      - {name: tickets, source: push}
      - {name: latency, source: prom, query: 'avg(shop_latency_seconds{version="{{.Version}}"})'}
  - {name: only-pushed, metrics: [{name: tickets, source: push}]}
`

// backtest is one over those plans: of the plan shop, one run after another.
func backtest(t *testing.T, url string, change func(*daemon.Backtest)) *daemon.Backtest {
	t.Helper()
	file := filepath.Join(t.TempDir(), "haldane.yaml")
	text := pastPlans
	if strings.Contains(url, "\n") { // a config of its own
		text = "%s"
	}
	if err := os.WriteFile(file, fmt.Appendf(nil, text, url), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(file, daemon.Types(func(string) (string, bool) { return "", false }))
	if err != nil {
		t.Fatal(err)
	}
	b := &daemon.Backtest{
		Config: c, Version: "test", Now: weekEnd.Add(time.Hour), Plan: "shop", Canary: "2", Baseline: "1",
		From: weekStart, To: weekEnd, Concurrency: 4,
	}
	change(b)
	return b
}

// outcomes counts the outcomes of a report's windows, by class where they do not count.
func outcomes(r *daemon.BacktestReport) string {
	counts := map[string]int{}
	for _, w := range r.Windows {
		if w.Class != daemon.WindowJudged {
			counts[string(w.Class)]++
		} else {
			counts[string(w.Outcome)]++
		}
	}
	var words []string
	for _, o := range []string{string(analysis.OutcomePass), "marginal", "fail", "inconclusive", "no_data", "trouble"} {
		if counts[o] > 0 {
			words = append(words, fmt.Sprintf("%s %d", o, counts[o]))
		}
	}
	return strings.Join(words, ", ")
}
