package main

import (
	"bufio"
	"errors"
	"io"
	"math"
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

func TestMistakesInFlagsOfLoad(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"-runs 0", "-runs 0: not a number above 0"},
		{"-runs 1,many", "-runs many: not a number above 0"},
		{"-metrics 5,", "-metrics : not a number above 0"},
		{"-database mysql", "neither sqlite nor postgres"},
		{"-replicas 2", "SQLite has one"},
		{"-for 10s", "-for must be at least -every"},
		{"-plot x.svg", "of which -table"},
		{"-table /nowhere", "no such file"},
	} {
		code, stdout, stderr := bench(append([]string{"load"}, strings.Fields(c.args)...)...)
		if code != exitTrouble || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: status %d, %q, %q; want %q", c.args, code, stdout, stderr, c.want)
		}
	}
}

// The whole thing, as a process: it measures something of everything, all that must be
// rolled back is, and nothing else. How fast is not a test's business.
func TestLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	results := filepath.Join(dir, "results.jsonl")
	if out, err := exec.Command("go", "build", "-o", dir, ".", "../haldane").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := exec.Command(filepath.Join(dir, "haldane-bench"), "load", "-binary", filepath.Join(dir, "haldane"), "-runs", "4", "-metrics", "3",
		"-every", "1s", "-for", "2s", "-rollbacks", "2", "-restarts", "1", "-idle", "1s", "-database", "sqlite,postgres", "-dir", dir, "-profile", dir,
		"-json", results).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	all, err := readLoads(results)
	if err != nil || len(all) != 2 || all[0].Database != "sqlite" || all[1].Database != "postgres" {
		t.Fatalf("%d results: %v", len(all), err)
	}
	for _, r := range all {
		if r.Expected != 8 || r.Looked < 1 || r.Looked > r.Expected || r.Missed != r.Expected-r.Looked || r.Ended != 0 || !r.CaughtUp {
			t.Errorf("%s: looks %+v", r.Database, r)
		}
		if b := r.Rollbacks; b.Asked < 1 || b.Arrived != b.Asked || b.Twice != 0 || b.Wrong != 0 || b.Late.Max <= 0 {
			t.Errorf("%s: rollbacks %+v", r.Database, b)
		}
		for name, v := range map[string]float64{
			"CPU": r.CPUPerLook, "memory": r.MiB, "idle": r.IdleMiB, "queries": r.QueriesPerLook, "database": r.DatabasePerRun,
			"lag": r.Lag.Max, "stop": r.Stop, "ready": r.Restart.Ready, "look": r.Restart.Look,
		} {
			if v <= 0 || math.IsInf(v, 0) {
				t.Errorf("%s: %s is %g", r.Database, name, v)
			}
		}
	}
	t.Logf("%s", out)
	if left, _ := filepath.Glob(filepath.Join(dir, "haldane-load*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	for _, name := range []string{"cpu", "heap", "allocs"} {
		if st, err := os.Stat(filepath.Join(dir, name+".pprof")); err != nil || st.Size() == 0 {
			t.Errorf("profile %s: %v", name, err)
		}
	}
}

// The stand-in is asked by the real source, and answers as Prometheus would: releases that
// are alike but for noise, or one that is much worse.
func TestLoadPrometheus(t *testing.T) {
	url := standIn(t)
	src := sourceOf(t, url)
	at := time.Unix(1_800_000_000, 0).UTC()
	mean := func(query string) float64 {
		t.Helper()
		got, err := src.Fetch(t.Context(), analysis.Query{Text: query, Window: analysis.Window{Start: at, End: at.Add(time.Hour)}, Step: 30 * time.Second})
		if err != nil || len(got) != 1 || len(got[0].Values) != 120 {
			t.Fatalf("%s: %v, %v", query, got, err)
		}
		sum := 0.0
		for _, v := range got[0].Values {
			sum += float64(v)
		}
		return sum / 120
	}
	for _, c := range []struct {
		query    string
		low, top float64
	}{
		{`latency{version="2"}`, 95, 105},
		{`latency{version="broken"}`, 475, 525},
		{`sum(increase(http_requests_total{version="2"}[30s]))`, 2000, 2100},
		{`sum(increase(http_requests_total{version="2",code=~"5.."}[30s]))`, 3, 5},
		{`sum(increase(http_requests_total{version="broken",code=~"5.."}[30s]))`, 17, 23},
		{strings.Repeat(" ", 3000) + `latency{version="2"}`, 95, 105}, // is posted first
	} {
		if m := mean(c.query); m < c.low || m > c.top {
			t.Errorf("%.60s: %g on average", strings.TrimSpace(c.query), m)
		}
	}
	if a, b := mean(`latency{service="a"}`), mean(`latency{service="b"}`); a == b || a != mean(`latency{service="a"}`) {
		t.Errorf("services have %g and %g", a, b)
	}
	if b, err := fetch(t.Context(), url+countPage); err != nil || string(b) != "9" {
		t.Errorf("%s queries: %v", b, err)
	}
	if _, err := fetch(t.Context(), url+"/nothing"); err == nil {
		t.Error("it answers what it does not know")
	}
}

// standIn starts the stand-in in this process.
func standIn(t *testing.T) string {
	t.Helper()
	out, in := io.Pipe()
	go func() { _, _ = loadPrometheusCommand(t.Context(), nil, streams{out: in}) }()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// sourceOf makes the source that a config has.
func sourceOf(t *testing.T, url string) analysis.Source {
	t.Helper()
	o, c := &loadOptions{every: 30 * time.Second}, loadCase{Runs: 1, Metrics: 5}
	file := filepath.Join(t.TempDir(), "haldane.yaml")
	if err := os.WriteFile(file, []byte(o.config(c, url, "http://127.0.0.1:1")), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := config.Load(file, daemon.Types(os.LookupEnv))
	if err != nil {
		t.Fatal(err)
	}
	src, err := loaded.Sources[0].Settings.Open(config.Env{Name: "prom"})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestPoisson(t *testing.T) {
	sum, most := int64(0), int64(0)
	for i := range uint64(10_000) {
		k := poisson(4, mixed(i))
		sum, most = sum+k, max(most, k)
	}
	if mean := float64(sum) / 10_000; mean < 3.9 || mean > 4.1 || most < 10 || most > 20 {
		t.Errorf("%g on average, %d at most", mean, most)
	}
	if poisson(4, 0) != 0 || poisson(4, math.MaxUint64) < 15 {
		t.Error("the ends of the distribution")
	}
}

func TestLoadHook(t *testing.T) {
	h := &loadHook{arrived: map[string]int{}}
	send := func(path, service string) {
		body := `{"type":"run.failed","timestamp":"` + time.Now().Add(-time.Second).Format(time.RFC3339Nano) + `","data":{"run":{"service":"` + service + `"}}}`
		req, err := http.NewRequest(http.MethodPost, path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		h.ServeHTTP(nil, req)
	}
	send(undoPath, "bad-1")
	send(undoPath, "bad-1")
	send(undoPath, "bad-2")
	send("/oncall", "bad-3")
	send(undoPath, "good-1")
	got := h.seen(3)
	if got.Asked != 3 || got.Arrived != 2 || got.Twice != 1 || got.Wrong != 1 || got.Late.P50 < 1 {
		t.Errorf("%+v", got)
	}
}

func TestSpread(t *testing.T) {
	var times []time.Duration
	for i := range 1000 {
		times = append(times, time.Duration(1000-i)*time.Millisecond)
	}
	if got, want := spreadOf(times), (spread{0.501, 0.901, 0.991, 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if spreadOf(nil) != (spread{}) || spreadOf(times[:1]).P50 != 0.001 {
		t.Error("none, or one")
	}
}

func TestProcesses(t *testing.T) {
	self, child := os.Getpid(), exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = child.Process.Kill(), child.Wait() }()
	if s, err := statOf(child.Process.Pid); err != nil || s.parent != self {
		t.Errorf("%+v, %v", s, err)
	}
	before, err := usageOf(self)
	if err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); ; { // work, until the clock of the process sees it
		u, err := usageOf(self)
		if err != nil || u.minus(before).cpu >= 2*tick {
			break
		}
		if time.Since(began) > time.Minute {
			t.Fatal("a minute of work is not seen")
		}
	}
	own, err := usageOf(self)
	both, err2 := usageOfAll(self)
	if err := errors.Join(err, err2); err != nil || both.cpu < own.cpu || both.written < own.written {
		t.Errorf("%+v, %+v, %v", own, both, err)
	}
	if all, err := machine(); err != nil || all < own.cpu/2 {
		t.Errorf("%s of the machine, %s of this process: %v", all, own.cpu, err)
	}
	if now, most, err := memoryOf(self); err != nil || now < 1<<20 || most < now {
		t.Errorf("%d, %d, %v", now, most, err)
	}
	if _, err := usageOf(-1); err == nil {
		t.Error("nobody uses something")
	}
}
