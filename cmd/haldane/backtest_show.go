package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/cmd/haldane/daemon"
)

// backtestShow prints a backtest: as text while it is played, or as JSON at the end.
type backtestShow struct {
	out, err io.Writer
	json     bool
	terminal bool // err is one: a bar is drawn there
	zone     *time.Location

	mu                  sync.Mutex
	began               time.Time
	total, done, failed int
}

func newBacktestShow(s streams, json bool, zone *time.Location) *backtestShow {
	return &backtestShow{out: s.out, err: s.err, json: json, terminal: isTerminal(s.err), zone: zone}
}

// planned prints what will be played.
func (b *backtestShow) planned(r *daemon.BacktestReport) {
	b.began, b.total = time.Now(), r.Planned
	if !b.json {
		b.heading(r)
	}
	b.bar()
}

func (b *backtestShow) heading(r *daemon.BacktestReport) {
	from, to := r.From.In(b.zone), r.To.In(b.zone)
	fmt.Fprintf(b.out, "plan %s: %s of %s, one each %s, from %s to %s\n", r.Plan, counted(r.Planned, "run"), r.Duration, r.Every,
		from.Format(rowTime), to.Format(rowTime))
	if _, offset := from.Zone(); offset == 0 {
		fmt.Fprintln(b.out, "times are UTC")
	} else {
		fmt.Fprintf(b.out, "times are local, %s\n", from.Format("MST, UTC-07:00"))
	}
	fmt.Fprintln(b.out, r.Method.Text)
	if r.Method.Limits != "" {
		fmt.Fprintf(b.out, "(%s)\n", r.Method.Limits)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(b.out, "note: %s\n", n)
	}
	fmt.Fprintf(b.out, "\n"+backtestRow, "start", "outcome", "after", "score", "reason")
}

const (
	backtestRow = "%-19s  %-12s  %8s  %5s  %s\n"
	rowTime     = "2006-01-02 15:04:05"
)

// played prints one window.
func (b *backtestShow) played(w daemon.BacktestWindow) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done++
	if w.Outcome == analysis.OutcomeFail {
		b.failed++
	}
	if !b.json {
		b.clear()
		outcome := string(w.Outcome)
		if w.Class != daemon.WindowJudged {
			outcome = strings.ReplaceAll(string(w.Class), "_", " ")
		}
		score := "-"
		if w.Score != nil {
			score = short(*w.Score)
		}
		fmt.Fprintf(b.out, backtestRow, w.Start.In(b.zone).Format(rowTime), outcome,
			inSeconds(w.DecidedAfter), score, w.Reason)
	}
	b.bar()
}

// waiting says that a source asks to wait.
func (b *backtestShow) waiting(d time.Duration, why *analysis.Error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clear()
	fmt.Fprintf(b.err, "waiting %s: %s\n", d.Round(time.Second), why.Message)
	b.bar()
}

// bar draws how far it is, over itself. Where nothing can be drawn over, the windows'
// lines tell, or, when there are none, a line for each tenth.
func (b *backtestShow) bar() {
	const wide = 30
	words := fmt.Sprintf("%d of %d", b.done, b.total)
	if b.failed > 0 {
		words += fmt.Sprintf(", %d failed", b.failed)
	}
	switch {
	case b.terminal:
		if b.done > 0 && b.done < b.total {
			left := time.Since(b.began) / time.Duration(b.done) * time.Duration(b.total-b.done)
			words += ", about " + left.Round(time.Second).String() + " left"
		}
		full := wide * b.done / max(1, b.total)
		fmt.Fprintf(b.err, "\r\x1b[K[%s%s] %s", strings.Repeat("=", full), strings.Repeat(" ", wide-full), words)
	case b.json && b.done > 0 && b.done*10/b.total != (b.done-1)*10/b.total:
		fmt.Fprintln(b.err, words)
	}
}

// clear takes the bar away.
func (b *backtestShow) clear() {
	if b.terminal {
		fmt.Fprint(b.err, "\r\x1b[K")
	}
}

// report prints what came of it.
func (b *backtestShow) report(r *daemon.BacktestReport) error {
	b.clear()
	if b.json {
		e := json.NewEncoder(b.out)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	for _, line := range backtestTotals(r) {
		fmt.Fprintln(b.out, line)
	}
	return nil
}

// backtestTotals are the totals in words.
func backtestTotals(r *daemon.BacktestReport) []string {
	t := &r.Totals
	lines := []string{""}
	if s := t.FailedShare; s != nil {
		failed := t.Outcomes[analysis.OutcomeFail]
		share := fmt.Sprintf("(%s %%, 95 %% interval %s to %s %%)", percents(s.Share), percents(s.Low), percents(s.High))
		switch {
		case !r.AA:
			lines = append(lines, fmt.Sprintf("%d of %s failed %s", failed, counted(t.Judged, "run"), share))
		case r.FalseRollbackRate > 0:
			lines = append(lines, fmt.Sprintf("of %s %d would have been failed %s; the plan allows %s %%",
				counted(t.Judged, "good release"), failed, share, percents(r.FalseRollbackRate)))
		default:
			lines = append(lines, fmt.Sprintf("of %s %d would have been failed %s", counted(t.Judged, "good release"), failed, share))
		}
	}
	words := make([]string, 0, len(analysis.Outcomes))
	for _, o := range analysis.Outcomes {
		words = append(words, fmt.Sprintf("%s %d", o, t.Outcomes[o]))
	}
	line := strings.Join(words, ", ")
	if t.NoData+t.Trouble > 0 {
		line += fmt.Sprintf("; not counted: %d without data, %d because of a source in trouble", t.NoData, t.Trouble)
	}
	lines = append(lines, line)
	line = counted(t.Looks, "look")
	if t.MedianDecision != nil {
		line += "; decided after " + inSeconds(*t.MedianDecision).String() + " (median)"
	}
	if t.MedianFailure != nil {
		line += ", failed after " + inSeconds(*t.MedianFailure).String()
	}
	lines = append(lines, line)
	for i, blame := range t.Blamed {
		if i == mostBlamed {
			lines = append(lines, fmt.Sprintf("and %d more to blame", len(t.Blamed)-i))
			break
		}
		name := blame.Metric
		if blame.Segment != "" {
			name += " (" + blame.Segment + ")"
		}
		lines = append(lines, fmt.Sprintf("to blame: %s, in %s", name, counted(blame.Windows, "failed run")))
	}
	return lines
}

func inSeconds(d analysis.Duration) analysis.Duration {
	return analysis.Duration(d.Std().Round(time.Second))
}

// mostBlamed is how many metrics are named.
const mostBlamed = 10

// percents writes a share in percent, with two digits.
func percents(share float64) string {
	two, _ := strconv.ParseFloat(strconv.FormatFloat(100*share, 'g', 2, 64), 64)
	return strconv.FormatFloat(two, 'f', -1, 64)
}
