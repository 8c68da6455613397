package engine

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

// Feedback keeps what a person says of a finished run's verdict. A person's later word
// replaces the earlier one. Conflict when the run has no verdict.
func (e *Engine) Feedback(ctx context.Context, runID string, f analysis.Feedback) (analysis.Feedback, error) {
	s := e.setup.Load()
	switch f.Right {
	case analysis.AnsweredYes, analysis.AnsweredNo, analysis.AnsweredUnsure:
	default:
		err := analysis.Errorf(analysis.Invalid, "right: %q is none of yes, no, unsure", f.Right)
		err.Fields = []analysis.FieldError{{Field: "right", Message: "none of yes, no, unsure"}}
		return f, err
	}
	_, err := e.change(ctx, runID, func(tx *store.Tx, r *analysis.Run, now time.Time) error {
		if r.Drill {
			return analysis.Errorf(analysis.Conflict, "run %s: is a drill, its verdict was made up", runID)
		}
		if r.Outcome == nil {
			return analysis.Errorf(analysis.Conflict, "run %s: has no verdict, it is %s", runID, r.Status)
		}
		f.At = now
		findings, err := tx.LastFindings(ctx, runID)
		if err != nil {
			return err
		}
		bad := []string{}
		for _, x := range findings {
			if x.Bad && !slices.Contains(bad, x.Metric) {
				bad = append(bad, x.Metric)
			}
		}
		if err := tx.PutFeedback(ctx, r, f, bad); err != nil {
			return err
		}
		text := map[analysis.Answered]string{
			analysis.AnsweredYes: "says that the verdict was right", analysis.AnsweredNo: "says that the verdict was wrong",
			analysis.AnsweredUnsure: "is unsure whether the verdict was right",
		}[f.Right]
		text = f.By.String() + " " + text
		if f.Note != "" {
			text += ": " + f.Note
		}
		return e.tell(ctx, tx, s, r, occurrence{typ: analysis.EventVerdictFeedback, who: f.By, text: text}, nil, now)
	})
	return f, err
}

// Quality says how good the verdicts were, by plan and, for failures, by metric: the last
// word on each run counts.
func (e *Engine) Quality(ctx context.Context) ([]analysis.Quality, error) {
	all, err := e.store.Said(ctx)
	if err != nil {
		return nil, err
	}
	counts := map[[2]string]*quality{}
	at := func(plan, metric string) *quality {
		k := [2]string{plan, metric}
		if counts[k] == nil {
			counts[k] = &quality{Quality: analysis.Quality{Plan: plan, Metric: metric}}
		}
		return counts[k]
	}
	for _, x := range all {
		at(x.Plan, "").add(x)
		for _, m := range x.Metrics {
			if x.Outcome == analysis.OutcomeFail {
				at(x.Plan, m).add(x)
			}
		}
	}
	out := []analysis.Quality{}
	for _, k := range slices.SortedFunc(maps.Keys(counts), func(a, b [2]string) int {
		return strings.Compare(a[0]+"\x00"+a[1], b[0]+"\x00"+b[1])
	}) {
		out = append(out, counts[k].result())
	}
	return out, nil
}

// quality counts what people said.
type quality struct {
	analysis.Quality
	caught, falseAlarms, missed int
}

func (q *quality) add(x store.Said) {
	switch x.Right {
	case analysis.AnsweredUnsure:
		q.Unsure++
		return
	case analysis.AnsweredYes:
		q.Right++
	default:
		q.Wrong++
	}
	switch {
	case x.Outcome == analysis.OutcomeFail && x.Right == analysis.AnsweredYes:
		q.caught++
	case x.Outcome == analysis.OutcomeFail:
		q.falseAlarms++
	case x.Outcome == analysis.OutcomePass && x.Right == analysis.AnsweredNo:
		q.missed++
	}
}

func (q *quality) result() analysis.Quality {
	share := func(part, rest int) *float64 {
		if part+rest == 0 {
			return nil
		}
		v := float64(part) / float64(part+rest)
		return &v
	}
	q.Precision = share(q.caught, q.falseAlarms)
	if q.Metric == "" { // a bad release that passed is no metric's fault
		q.Recall = share(q.caught, q.missed)
	}
	return q.Quality
}
