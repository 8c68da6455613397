package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

// TestFeedbackGivesPrecisionAndRecall by the last word on each run.
func TestFeedbackGivesPrecisionAndRecall(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		say := func(id, who string, right analysis.Answered) {
			t.Helper()
			f, err := w.e.Feedback(w.t.Context(), id, analysis.Feedback{Right: right, By: analysis.Cause{Kind: "slack", Who: who}})
			if err != nil || f.At.IsZero() {
				t.Fatal(f, err)
			}
		}
		var failed, passed []string
		for i := range 4 {
			failed = append(failed, w.fail("p", fmt.Sprint("bad-", i)).ID)
		}
		w.source.answer = nil
		for i := range 3 {
			passed = append(passed, w.finish(w.start("p", fmt.Sprint("good-", i)).ID).ID)
		}
		say(failed[0], "ann", analysis.AnsweredNo)
		say(failed[0], "bob", analysis.AnsweredYes) // later
		say(failed[1], "ann", analysis.AnsweredYes)
		say(failed[2], "ann", analysis.AnsweredNo)
		say(failed[3], "ann", analysis.AnsweredYes)
		say(failed[3], "ann", analysis.AnsweredUnsure) // ann changed her mind
		say(passed[0], "ann", analysis.AnsweredYes)
		say(passed[1], "ann", analysis.AnsweredNo)
		got, err := w.e.Quality(w.t.Context())
		if err != nil || len(got) != 2 {
			t.Fatalf("%+v, %v", got, err)
		}
		for i, want := range []string{"p/: 3 right, 2 wrong, 1 unsure, precision 0.67, recall 0.67", "p/errors: 2 right, 1 wrong, 1 unsure, precision 0.67, recall -1.00"} {
			q, recall := got[i], -1.0
			if q.Recall != nil {
				recall = *q.Recall
			}
			if s := fmt.Sprintf("%s/%s: %d right, %d wrong, %d unsure, precision %.2f, recall %.2f", q.Plan, q.Metric, q.Right, q.Wrong, q.Unsure, *q.Precision, recall); s != want {
				t.Errorf("%s, want %s", s, want)
			}
		}
		if got := w.texts(failed[3], analysis.EventVerdictFeedback); got != "ann says that the verdict was right; ann is unsure whether the verdict was right" {
			t.Errorf("events %q", got)
		}
		running := w.start("p", "next")
		for name, c := range map[string]struct {
			id    string
			right analysis.Answered
			kind  analysis.Kind
		}{
			"no verdict": {running.ID, analysis.AnsweredYes, analysis.Conflict},
			"nonsense":   {failed[0], "perhaps", analysis.Invalid},
			"no run":     {"nope", analysis.AnsweredYes, analysis.NotFound},
		} {
			if _, err := w.e.Feedback(w.t.Context(), c.id, analysis.Feedback{Right: c.right}); analysis.KindOf(err) != c.kind || strings.Contains(fmt.Sprint(err), "%!") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
