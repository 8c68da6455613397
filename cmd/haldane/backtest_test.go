package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/cmd/haldane/daemon"
)

func TestMoment(t *testing.T) {
	zone := time.FixedZone("CET", 3600)
	now := time.Date(2026, 11, 20, 14, 3, 27, 5, zone)
	for text, want := range map[string]string{
		"now":                       "2026-11-20T14:03:00+01:00",
		"-7d":                       "2026-11-13T14:03:00+01:00",
		"-1h30m":                    "2026-11-20T12:33:00+01:00",
		"-1.5h":                     "2026-11-20T12:33:00+01:00",
		"2026-11-20T14:00:00Z":      "2026-11-20T15:00:00+01:00",
		"2026-11-20T14:00:00-08:00": "2026-11-20T23:00:00+01:00",
		"2026-11-20 14:00":          "2026-11-20T14:00:00+01:00",
		"2026-11-20 14:00:07":       "2026-11-20T14:00:07+01:00",
		"2026-11-20T14:00":          "2026-11-20T14:00:00+01:00",
		" 2026-11-20 ":              "2026-11-20T00:00:00+01:00",
	} {
		got, err := moment(text).at("--from", now)
		if err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%q is %s, %v; want %s", text, got.Format(time.RFC3339Nano), err, want)
		}
	}
	for _, text := range []string{"", "7d", "-7", "--7d", "-", "yesterday", "20.11.2026", "2026-13-01", "1763643600"} {
		if got, err := moment(text).at("--from", now); err == nil || !strings.Contains(err.Error(), "not a time (try: 2026-") {
			t.Errorf("%q is %s, %v", text, got, err)
		}
	}
}

// TestMomentFlag: values may begin with a hyphen, with and without =.
func TestMomentFlag(t *testing.T) {
	for _, c := range []struct {
		args, from, to string
		fails          bool
	}{
		{args: "p --from -7d", from: "-7d", to: "now"},
		{args: "p --from=-7d --to -2h", from: "-7d", to: "-2h"},
		{args: "--to=2026-11-20T14:00:00Z p --from now", from: "now", to: "2026-11-20T14:00:00Z"},
		{args: "p", fails: true},
		{args: "p --from", fails: true},
		{args: "p --from --to -2h", fails: true},
	} {
		var cmd backtestCommand
		parser, err := kong.New(&cmd)
		if err != nil {
			t.Fatal(err)
		}
		_, err = parser.Parse(strings.Fields(c.args))
		if (err != nil) != c.fails || !c.fails && (string(cmd.From) != c.from || string(cmd.To) != c.to) {
			t.Errorf("%s: from %q, to %q, %v", c.args, cmd.From, cmd.To, err)
		}
	}
}

// shownReport is one as package daemon makes it: of 168 good releases one fails.
func shownReport() *daemon.BacktestReport {
	hour, minute, half := analysis.Duration(time.Hour), analysis.Duration(4*time.Minute), analysis.Duration(30*time.Minute+600*time.Millisecond)
	score := 98.76543
	return &daemon.BacktestReport{
		Plan: "checkout", AA: true, FalseRollbackRate: 0.01, Every: hour, Duration: hour, Planned: 168,
		From:   time.Date(2026, 11, 13, 13, 0, 0, 0, time.UTC),
		To:     time.Date(2026, 11, 20, 13, 0, 0, 0, time.UTC),
		Method: daemon.BacktestMethod{Text: "1.4.1 against itself 1h earlier", Limits: "an upper bound"},
		Notes:  []string{"metric tickets is left out"},
		Windows: []daemon.BacktestWindow{
			{Class: daemon.WindowJudged, Outcome: analysis.OutcomePass, DecidedAfter: half, Score: &score, Reason: "2 metrics judged, none bad"},
			{Class: daemon.WindowNoData, Outcome: analysis.OutcomeInconclusive, DecidedAfter: hour, Reason: "nobody was there"},
			{Class: daemon.WindowJudged, Outcome: analysis.OutcomeFail, DecidedAfter: minute, Reason: "p99 is 80 % higher"},
		},
		Totals: daemon.BacktestTotals{
			Judged: 168, NoData: 3, Trouble: 2, Looks: 5040, MedianDecision: &half, MedianFailure: &minute,
			Outcomes:    map[analysis.Outcome]int{analysis.OutcomePass: 160, analysis.OutcomeFail: 1, analysis.OutcomeInconclusive: 7},
			FailedShare: &daemon.Share{Share: 1.0 / 168, Low: 0.00015069, High: 0.0327168},
			Blamed:      []daemon.Blame{{Metric: "p99", Segment: "region=eu", Windows: 1}},
		},
	}
}

func TestBacktestText(t *testing.T) {
	var out, errs bytes.Buffer
	show := newBacktestShow(streams{out: &out, err: &errs}, false, time.FixedZone("CET", 3600))
	r := shownReport()
	show.planned(r)
	for i, w := range r.Windows {
		w.Start = r.From.Add(time.Duration(i) * time.Hour)
		show.played(w)
	}
	show.waiting(90*time.Second, analysis.Errorf(analysis.Limited, "source dd: the limit is used up"))
	if err := show.report(r); err != nil {
		t.Fatal(err)
	}
	want := `plan checkout: 168 runs of 1h, one each 1h, from 2026-11-13 14:00:00 to 2026-11-20 14:00:00
times are local, CET, UTC+01:00
1.4.1 against itself 1h earlier
(an upper bound)
note: metric tickets is left out

start                outcome          after  score  reason
2026-11-13 14:00:00  pass             30m1s   98.8  2 metrics judged, none bad
2026-11-13 15:00:00  no data             1h      -  nobody was there
2026-11-13 16:00:00  fail                4m      -  p99 is 80 % higher

of 168 good releases 1 would have been failed (0.6 %, 95 % interval 0.015 to 3.3 %); the plan allows 1 %
pass 160, marginal 0, fail 1, inconclusive 7; not counted: 3 without data, 2 because of a source in trouble
5040 looks; decided after 30m1s (median), failed after 4m
to blame: p99 (region=eu), in 1 failed run
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := errs.String(); got != "waiting 1m30s: source dd: the limit is used up\n" {
		t.Errorf("said %q", got)
	}
}

// TestBacktestTotals: what is said depends on what was asked.
func TestBacktestTotals(t *testing.T) {
	for want, change := range map[string]func(*daemon.BacktestReport){
		"1 of 168 runs failed (0.6 %, ": func(r *daemon.BacktestReport) { r.AA = false },
		"of 168 good releases 1 would have been failed (0.6 %, 95 % interval 0.015 to 3.3 %)\n": func(r *daemon.BacktestReport) {
			r.FalseRollbackRate = 0
		},
		"\npass 160, marginal 0, fail 1, inconclusive 7\n": func(r *daemon.BacktestReport) { r.Totals.NoData, r.Totals.Trouble = 0, 0 },
		"to blame: a, in 3 failed runs\nto blame: b, in 2 failed runs": func(r *daemon.BacktestReport) {
			r.Totals.Blamed = []daemon.Blame{{Metric: "a", Windows: 3}, {Metric: "b", Windows: 2}}
		},
		"\nand 5 more to blame": func(r *daemon.BacktestReport) { r.Totals.Blamed = make([]daemon.Blame, 15) },
		"\n5040 looks\n": func(r *daemon.BacktestReport) {
			r.Totals.MedianDecision, r.Totals.MedianFailure = nil, nil
		},
	} {
		r := shownReport()
		change(r)
		if got := strings.Join(backtestTotals(r), "\n"); !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	for share, want := range map[float64]string{0: "0", 1: "100", 0.5: "50", 0.0327: "3.3", 0.00015069: "0.015", 0.995: "100", 0.987: "99"} {
		if got := percents(share); got != want {
			t.Errorf("%v is %s %%, want %s", share, got, want)
		}
	}
}

// TestBacktestBar: on a terminal one line is drawn over itself, and rows push it down.
func TestBacktestBar(t *testing.T) {
	var out, errs bytes.Buffer
	show := newBacktestShow(streams{out: &out, err: &errs}, true, time.UTC)
	show.terminal = true
	r := shownReport()
	r.Planned = 3
	show.planned(r)
	for _, w := range r.Windows {
		show.played(w)
	}
	if err := show.report(r); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(errs.String(), "\r\x1b[K")
	if len(lines) != 6 || lines[1] != "["+strings.Repeat(" ", 30)+"] 0 of 3" || !strings.HasPrefix(lines[2], "["+strings.Repeat("=", 10)+strings.Repeat(" ", 20)+"] 1 of 3, about ") ||
		lines[4] != "["+strings.Repeat("=", 30)+"] 3 of 3, 1 failed" || lines[5] != "" {
		t.Errorf("%q", lines)
	}
	var back daemon.BacktestReport
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || back.Totals.Judged != 168 || back.Windows[2].DecidedAfter != r.Windows[2].DecidedAfter {
		t.Errorf("%+v, %v", back.Totals, err)
	}
}

// TestBacktestLines: elsewhere JSON has a line for each tenth beside it.
func TestBacktestLines(t *testing.T) {
	var out, errs bytes.Buffer
	show := newBacktestShow(streams{out: &out, err: &errs}, true, time.UTC)
	r := shownReport()
	r.Planned = 100
	show.planned(r)
	for range 100 {
		show.played(r.Windows[0])
	}
	if lines := strings.Split(strings.TrimSpace(errs.String()), "\n"); len(lines) != 10 || lines[0] != "10 of 100" || lines[9] != "100 of 100" {
		t.Errorf("%q", lines)
	}
}
