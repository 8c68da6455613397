package main

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/judge/judgetest"
)

// bench runs the program.
func bench(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(args, streams{out: &out, err: &err})
	return code, out.String(), err.String()
}

func TestMistakesInFlags(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"", "usage"},
		{"weigh", "usage"},
		{"judge -runs 0", "-runs 0"},
		{"judge -runs many", "invalid value"},
		{"judge -judge threshold", "sequential, kayenta"},
		{"judge -judge kayenta,kayenta", "twice"},
		{"judge -looks often", `"every" or "5th"`},
		{"judge -family nothing", "none of that name"},
		{"judge -family [", "syntax error"},
		{"judge -history -1", "-history -1"},
		{"judge -samples 5", "at least 12"},
		{"judge -table wide", `"full" or "readme"`},
		{"judge -wrong", "-wrong"},
		{"judge gauge/ar0", "what is that for"},
	} {
		code, stdout, stderr := bench(strings.Fields(c.args)...)
		if code != exitTrouble || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: status %d, %q, %q; want %q", c.args, code, stdout, stderr, c.want)
		}
	}
}

func TestHelp(t *testing.T) {
	if code, _, stderr := bench("-h"); code != exitOK || !strings.Contains(stderr, "usage") {
		t.Errorf("status %d: %q", code, stderr)
	}
	code, stdout, stderr := bench("judge", "-h")
	if code != exitOK || !strings.Contains(stdout, "-history") || !strings.Contains(stdout, "exit status is 1") || stderr != "" {
		t.Errorf("status %d: %q, %q", code, stdout, stderr)
	}
}

// The layout of the table. Its numbers are other tests' business: here they are 0.
func TestText(t *testing.T) {
	code, stdout, stderr := bench("judge", "-runs", "3", "-family", "gauge/constant,gauge/constant-x1.1-mid", "-history", "60")
	if code != exitOK || stderr != "" {
		t.Fatalf("status %d: %q", code, stderr)
	}
	masked := regexp.MustCompile(`\b\d+(\.\d+)?\b`).ReplaceAllString(stdout, "0")
	masked = regexp.MustCompile(` +`).ReplaceAllString(masked, " ")
	want := `0 runs of each family, seed 0; sequential looks from sample 0 on, at every sample; kayenta looks from sample 0 on, at every 5th; 0 samples of history
failed: of bad releases, at the onset or later; bound: good ones fail more often than that, with 0 % confidence

family judge truth failed % bound before % median p90 early pass % inconcl. % x Wald µs verdict
gauge/constant sequential good 0 >0 0 0 0 ok
gauge/constant kayenta good 0 >0 0 0 0 ok
gauge/constant-x1.0-mid sequential bad 0 0 0 0 0 0 0 -
gauge/constant-x1.0-mid kayenta bad 0 0 0 0 0 0 0 -

over all judge good wrong % bad found % precision % recall %
families of the promise sequential 0 0 0 0 0 0
families sequential 0 0 0 0 0 0
families of the promise kayenta 0 0 0 0 0 0
families kayenta 0 0 0 0 0 0
wrong: of all releases, good ones failed, and bad ones before their onset; precision: of all failures, those of bad releases after it
`
	if masked != want {
		t.Errorf("got:\n%s\nwant:\n%s", masked, want)
	}
	width := 0
	for line := range strings.SplitSeq(stdout, "\n") {
		if strings.HasPrefix(line, "gauge/constant ") {
			width = strings.Index(line, "good")
		}
	}
	if width < 10 || !strings.Contains(stdout, "\ngauge/constant-x1.1-mid  sequential  bad") {
		t.Errorf("columns are not aligned:\n%s", stdout)
	}
}

func TestReadme(t *testing.T) {
	code, stdout, stderr := bench("judge", "-runs", "2", "-table", "readme")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if code != exitOK || stderr != "" || len(lines) != 12 {
		t.Fatalf("status %d, %q, %d lines:\n%s", code, stderr, len(lines), stdout)
	}
	for i, line := range lines {
		if strings.Count(line, "|") != 6 {
			t.Errorf("line %d has other columns: %s", i+1, line)
		}
	}
	if !strings.HasPrefix(lines[0], "| release | Haldane fails it | found after | Kayenta fails it |") || strings.Count(lines[2], " %") != 8 {
		t.Errorf("got:\n%s", stdout)
	}
}

// Every number that the JSON has comes from the seed, but for the time it took.
func measured(t *testing.T, w work) string {
	t.Helper()
	r := w.measure()
	for i := range r.Families {
		for k := range r.Families[i].Judges {
			if r.Families[i].Judges[k].Micros <= 0 {
				t.Error("no time was measured")
			}
			r.Families[i].Judges[k].Micros = 0
		}
	}
	var out bytes.Buffer
	if _, err := report(&out, r, "full", true); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestSameSeedSameResult(t *testing.T) {
	families, err := judgetest.Find("gauge/ar0.8,gauge/x1.5-mid,ratio/x2-mid,run/one-of-3")
	if err != nil {
		t.Fatal(err)
	}
	w := work{families: families, workers: 1, options: options{
		Runs: 6, Seed: 3, Looks: everyFifth, History: 90, Samples: 40,
		Judges: []analysis.JudgeName{analysis.JudgeSequential, analysis.JudgeKayenta},
	}}
	first := measured(t, w)
	w.workers = 5
	if again := measured(t, w); again != first {
		t.Errorf("with one worker:\n%s\nwith five:\n%s", first, again)
	}
	w.Seed = 4
	if other := measured(t, w); other == first {
		t.Error("another seed, the same result")
	}
}

func TestJSON(t *testing.T) {
	code, stdout, stderr := bench("judge", "-json", "-runs", "4", "-judge", "kayenta", "-family", "gauge/ar0.95,gauge/x1.5-start-ar0")
	if code != exitOK || stderr != "" {
		t.Fatalf("status %d: %q", code, stderr)
	}
	var r result
	d := json.NewDecoder(strings.NewReader(stdout))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		t.Fatal(err)
	}
	if r.Options.Runs != 4 || len(r.Families) != 2 || len(r.Totals) != 2 || r.Families[1].Judges[0].Failed.Count != 4 ||
		r.Families[1].Information.Each == 0 || r.Broken == nil {
		t.Errorf("got %+v", r)
	}
}

// A promise that is not kept is exit status 1, in every form of output.
func TestStatusOfABrokenPromise(t *testing.T) {
	r := result{Options: options{Judges: []analysis.JudgeName{analysis.JudgeSequential}}, Broken: []string{"gauge/ar0"}}
	var out bytes.Buffer
	if code, err := report(&out, r, "full", false); code != exitFail || err != nil || !strings.Contains(out.String(), "above their limit: gauge/ar0") {
		t.Errorf("status %d, %v:\n%s", code, err, out.String())
	}
	if code, err := report(io.Discard, r, "full", true); code != exitFail || err != nil {
		t.Errorf("status %d, %v", code, err)
	}
}

// A look sees the samples so far and nothing else; what follows a pass is watched.
func TestWatch(t *testing.T) {
	families, err := judgetest.Find("gauge/x1.5-half")
	if err != nil {
		t.Fatal(err)
	}
	o := options{Looks: everySample}
	r := families[0].Make(1, judgetest.Options{})
	w := watch(&r, analysis.JudgeSequential, &o)
	if !w.found() || w.onset != 30 || w.delay() > 30 || w.looks != w.failedAt {
		t.Errorf("got %+v", w)
	}
	for i := w.failedAt; i < 60; i++ { // the future does not matter
		r.Pairs[0].Canary.Values[i] = 1e6
	}
	again := watch(&r, analysis.JudgeSequential, &o)
	if w.took, again.took = 0, 0; again != w {
		t.Errorf("with another future %+v, want %+v", again, w)
	}
	if k := watch(&r, analysis.JudgeKayenta, &o); k.looks > 11 {
		t.Errorf("kayenta looked %d times", k.looks)
	}
}

func TestProgress(t *testing.T) {
	var out bytes.Buffer
	writeProgress(&out, 0, 100, time.Second)
	writeProgress(&out, 25, 100, 10*time.Second)
	writeProgress(&out, 100, 100, 40*time.Second)
	want := "\r\x1b[K0 of 100 releases\r\x1b[K25 of 100 releases, about 30s left\r\x1b[K100 releases in 40s\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	if progressTo(streams{err: &out}) != nil || progressTo(streams{err: &out, terminal: true}) == nil {
		t.Error("progress is for terminals")
	}
}
