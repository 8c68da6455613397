package daemon_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/cmd/haldane/daemon"
)

// TestBacktest plays plans over a week that a real Prometheus has.
func TestBacktest(t *testing.T) {
	url := pastPrometheus(t)
	play := func(t *testing.T, change func(*daemon.Backtest)) *daemon.BacktestReport {
		t.Helper()
		r, err := backtest(t, url, change).Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	t.Run("a release that turns bad", func(t *testing.T) { badRelease(t, play) })
	t.Run("a good week, adjacent", func(t *testing.T) { goodWeekAdjacent(t, play) })
	t.Run("a good week, split", func(t *testing.T) { goodWeekSplit(t, play) })
	t.Run("other baselines", func(t *testing.T) { otherBaselines(t, play) })
	t.Run("runs teach those after them", func(t *testing.T) { runsTeach(t, play) })
	t.Run("one window", func(t *testing.T) { oneWindow(t, play) })
	t.Run("pushed metrics", func(t *testing.T) { pushedMetrics(t, play) })
	t.Run("nothing to judge", func(t *testing.T) { nothingToJudge(t, url) })
	t.Run("interrupted", func(t *testing.T) { interrupted(t, url) })
}

type played func(*testing.T, func(*daemon.Backtest)) *daemon.BacktestReport

// badRelease: no data before the release, then good, and bad from the very look at which
// it shows. Windows come in their order.
func badRelease(t *testing.T, play played) {
	var told []daemon.BacktestWindow
	var planned int
	r := play(t, func(b *daemon.Backtest) {
		b.From, b.To = released.Add(-3*time.Hour), weekEnd
		b.Planned = func(r *daemon.BacktestReport) { planned = r.Planned }
		b.Played = func(w daemon.BacktestWindow) { told = append(told, w) }
	})
	if got := outcomes(r); got != "pass 12, fail 12, no_data 3" {
		t.Errorf("%s", got)
	}
	if planned != 27 || len(told) != 27 || !r.Complete || r.Method.Name != daemon.MethodVersions || r.Method.Text != "2 against 1" {
		t.Errorf("planned %d, told %d, complete %v, method %+v", planned, len(told), r.Complete, r.Method)
	}
	for i, w := range r.Windows {
		if want := r.From.Add(time.Duration(i) * time.Hour); !w.Start.Equal(want) || !told[i].Start.Equal(want) {
			t.Fatalf("window %d is of %s, told %s, want %s", i, w.Start, told[i].Start, want)
		}
		if w.DecidedAfter.Std() != w.DecidedAt.Sub(w.Start) || w.Looks < 1 || len(w.Findings) != 2 || w.Reason == "" {
			t.Errorf("window %+v", w)
		}
	}
	first := r.Windows[3+12] // in which it turned bad
	if first.Outcome != analysis.OutcomeFail || first.DecidedAt.Before(turnedBad) || first.DecidedAt.After(turnedBad.Add(20*time.Minute)) {
		t.Errorf("it turned bad at %s; %s at %s: %s", turnedBad, first.Outcome, first.DecidedAt, first.Reason)
	}
	tot := r.Totals
	if tot.Judged != 24 || tot.NoData != 3 || tot.Trouble != 0 || tot.FailedShare == nil || tot.FailedShare.Share != 0.5 ||
		tot.FailedShare.Low < 0.25 || tot.FailedShare.High > 0.75 {
		t.Errorf("totals %+v, share %+v", tot, tot.FailedShare)
	}
	if len(tot.Blamed) != 1 || tot.Blamed[0] != (daemon.Blame{Metric: "errors", Windows: 12}) {
		t.Errorf("to blame: %+v", tot.Blamed)
	}
	if tot.MedianFailure == nil || tot.MedianFailure.Std() > 20*time.Minute || tot.MedianDecision == nil || *tot.MedianDecision < *tot.MedianFailure {
		t.Errorf("decided after %v, failed after %v", tot.MedianDecision, tot.MedianFailure)
	}
	pictures(t, r)
}

// goodWeekAdjacent: against itself one run earlier, the leaps of the day fail a good
// release; hours without samples do not count.
func goodWeekAdjacent(t *testing.T, play played) {
	r := play(t, func(b *daemon.Backtest) { b.AA, b.Canary = true, "" })
	if r.Method.Name != daemon.MethodAdjacent || !strings.Contains(r.Method.Limits, "upper bound") || r.Version != "1" || r.BaselineVersion != "1" {
		t.Errorf("method %+v, %s against %s", r.Method, r.Version, r.BaselineVersion)
	}
	failed := map[int]int{}
	for _, w := range r.Windows {
		if w.Outcome == analysis.OutcomeFail {
			failed[w.Start.Hour()]++
		}
	}
	if len(failed) != 1 || failed[8] < 4 {
		t.Errorf("failed by hour: %v", failed)
	}
	// In the gap, and where it is the baseline; before the week there is nothing either.
	if tot := r.Totals; tot.NoData != 5 || tot.Judged != 163 {
		t.Errorf("totals %+v", tot)
	}
	for _, w := range r.Windows {
		in := !w.Start.Before(scrapeGap[0]) && !w.Start.After(scrapeGap[1]) || w.Start.Equal(weekStart)
		if (w.Class == daemon.WindowNoData) != in {
			t.Errorf("%s is %s: %s", w.Start, w.Class, w.Reason)
		}
	}
}

// goodWeekSplit: two halves at the same time share the leaps, and none fails.
func goodWeekSplit(t *testing.T, play played) {
	r := play(t, func(b *daemon.Backtest) { b.AA, b.Canary, b.Split = true, "", "pod" })
	if got := outcomes(r); got != "pass 165, no_data 3" {
		t.Errorf("%s", got)
	}
	if s := r.Totals.FailedShare; s.Share != 0 || s.Low != 0 || s.High < 0.02 || s.High > 0.03 || r.FalseRollbackRate != 0.01 {
		t.Errorf("share %+v, the plan promises %v", s, r.FalseRollbackRate)
	}
	w := r.Windows[0]
	q := w.Findings[0].Queries
	if r.Method.Label != "pod" || w.Replicas != 2 || !strings.Contains(q.CanaryTotal, `pod=~"shop-a|shop-c"`) || !strings.Contains(q.Baseline, `pod=~"shop-b|shop-d"`) {
		t.Errorf("method %+v, %d replicas, queries %+v", r.Method, w.Replicas, q)
	}
	if again := play(t, func(b *daemon.Backtest) { b.AA, b.Split, b.Canary, b.Concurrency = true, "pod", "", 1 }); encoded(t, again) != encoded(t, r) {
		t.Errorf("played one after the other, it comes out different")
	}
}

// otherBaselines: a plan keeps its own, and limits need none.
func otherBaselines(t *testing.T, play played) {
	r := play(t, func(b *daemon.Backtest) {
		b.Plan, b.AA, b.Canary, b.From, b.To = "yesterday", true, "", weekStart.Add(72*time.Hour), weekStart.Add(96*time.Hour)
	})
	if got := outcomes(r); got != "pass 24" || r.Method.Name != daemon.MethodOwn || r.Method.Text != "1 against itself 1d earlier, as the plan has it" || r.FalseRollbackRate != 0 {
		t.Errorf("%s, method %+v, promises %v", got, r.Method, r.FalseRollbackRate)
	}
	r = play(t, func(b *daemon.Backtest) {
		b.Plan, b.Canary, b.Baseline, b.To = "limits", "1", "", weekStart.Add(24*time.Hour)
	})
	if got := outcomes(r); got != "pass 12, fail 12" || r.Method.Name != daemon.MethodAlone {
		t.Errorf("%s, method %+v", got, r.Method)
	}
}

// runsTeach: a plan that has passed a few times knows its noise, and passes sooner or
// fails sooner; the first run knows nothing, and times that differ teach nothing.
func runsTeach(t *testing.T, play played) {
	r := play(t, func(b *daemon.Backtest) {
		b.AA, b.Split, b.Canary, b.To = true, "pod", "", weekStart.Add(24*time.Hour)
	})
	latency := func(w daemon.BacktestWindow) int { return w.Findings[1].Samples.History }
	if first, last := latency(r.Windows[0]), latency(r.Windows[23]); first != 0 || last < 100 {
		t.Errorf("the first run knows %d samples, the last %d", first, last)
	}
	r = play(t, func(b *daemon.Backtest) { b.AA, b.Canary, b.To = true, "", weekStart.Add(24*time.Hour) })
	if last := latency(r.Windows[23]); last != 0 {
		t.Errorf("of other times, the last run knows %d samples", last)
	}
}

// oneWindow: from and to of one run, and its picture is that of its metrics.
func oneWindow(t *testing.T, play played) {
	r := play(t, func(b *daemon.Backtest) { b.From, b.To = released.Add(14*time.Hour), released.Add(15*time.Hour) })
	if got := outcomes(r); got != "fail 1" {
		t.Errorf("%s", got)
	}
	if text := pictures(t, r); !strings.Contains(text, "shop: errors") || !strings.Contains(text, "failed") {
		t.Errorf("the picture says %s", text)
	}
	r = play(t, func(b *daemon.Backtest) {
		b.From, b.To, b.Every = released.Add(10*time.Hour), released.Add(13*time.Hour+30*time.Minute), 30*time.Minute
	})
	if len(r.Windows) != 6 {
		t.Errorf("%d windows, want 6", len(r.Windows))
	}
	r = play(t, func(b *daemon.Backtest) { b.From, b.Now = weekEnd.Add(-4*time.Hour), weekEnd.Add(-time.Hour) })
	if len(r.Windows) != 2 || !strings.Contains(strings.Join(r.Notes, " "), "the last 2 of 4 runs are left out: their samples are not all there yet") {
		t.Errorf("%d windows, notes %q", len(r.Windows), r.Notes)
	}
}

// pushedMetrics are left out, and that is said.
func pushedMetrics(t *testing.T, play played) {
	r := play(t, func(b *daemon.Backtest) { b.Plan, b.From = "pushed", released.Add(time.Hour) })
	if len(r.Notes) != 1 || !strings.HasPrefix(r.Notes[0], "metric tickets is left out: its samples are pushed") {
		t.Errorf("notes %q", r.Notes)
	}
	if w := r.Windows[0]; len(w.Findings) != 1 || w.Findings[0].Metric != "latency" || w.Class != daemon.WindowJudged {
		t.Errorf("window %+v", w)
	}
}

// nothingToJudge is an error, with a report of why.
func nothingToJudge(t *testing.T, url string) {
	for want, change := range map[string]func(*daemon.Backtest){
		"no run had samples to judge: cannot say: errors has no samples of either side": func(b *daemon.Backtest) { b.Canary, b.Baseline = "8", "9" },
		"fewer than two replicas by version in this time":                               func(b *daemon.Backtest) { b.AA, b.Canary, b.Split = true, "", "version" },
		"metric errors, canary: source prom: the series of the query have no label zone": func(b *daemon.Backtest) {
			b.AA, b.Canary, b.Split = true, "", "zone"
		},
	} {
		r, err := backtest(t, url, func(b *daemon.Backtest) { b.To = weekStart.Add(5 * time.Hour); change(b) }).Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) || r == nil || r.Totals.Judged != 0 || r.Totals.FailedShare != nil {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// interrupted: what there is so far is there.
func interrupted(t *testing.T, url string) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	seen := 0
	r, err := backtest(t, url, func(b *daemon.Backtest) {
		b.AA, b.Canary = true, ""
		b.Played = func(daemon.BacktestWindow) {
			if seen++; seen == 10 {
				stop()
			}
		}
	}).Run(ctx)
	if err == nil || !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "interrupted after 10 of 168 runs") {
		t.Errorf("error %v", err)
	}
	if r == nil || r.Complete || len(r.Windows) != 10 || r.Totals.Judged != 9 || r.Totals.Trouble != 0 {
		t.Errorf("outcomes %s", outcomes(r))
	}
}

// pictures wants both to be drawn, and returns the text of the SVG.
func pictures(t *testing.T, r *daemon.BacktestReport) string {
	t.Helper()
	var svg, raster bytes.Buffer
	if err := errors.Join(r.Picture(&svg, "svg"), r.Picture(&raster, "png")); err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(&raster); err != nil {
		t.Error(err)
	}
	var text strings.Builder
	for d := xml.NewDecoder(&svg); ; {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return text.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		if c, ok := tok.(xml.CharData); ok {
			text.Write(c)
			text.WriteByte(' ')
		}
	}
}

func encoded(t *testing.T, r *daemon.BacktestReport) string {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
