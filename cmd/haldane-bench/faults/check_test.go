package faults

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func after(s float64) time.Time { return noon.Add(time.Duration(s * float64(time.Second))) }

// well is a round in which all is as it should be: a good release, a bad one whose
// rollback was sent twice, and a tick of the schedule.
func well() *story {
	ended := after(20)
	passed, failed := analysis.OutcomePass, analysis.OutcomeFail
	looks := func(last analysis.Outcome) []analysis.Look {
		return []analysis.Look{
			{Number: 1, At: after(2), Verdict: analysis.Verdict{Outcome: analysis.OutcomeContinue}},
			{Number: 2, At: after(20), Verdict: analysis.Verdict{Outcome: last}},
		}
	}
	event := func(id string, at float64, t analysis.EventType) analysis.Event {
		return analysis.Event{ID: id, At: after(at), Type: t}
	}
	run := func(id, plan, version string, o *analysis.Outcome) analysis.Run {
		return analysis.Run{
			ID: id, Plan: plan, Key: "key-" + id, Version: version, BaselineVersion: "v0", Status: analysis.StatusFinished, Outcome: o,
			StartedAt: noon, FinishedAt: &ended, Progress: analysis.Progress{Looks: 2}, Rollback: analysis.Rollback{State: analysis.RollbackNone},
		}
	}
	good := chapter{
		Run: run("good", "limit-1", "v2", &passed), Looks: looks(passed),
		Events: []analysis.Event{event("e1", 0, analysis.EventRunStarted), event("e2", 20, analysis.EventRunPassed)},
	}
	tick := chapter{Run: run("tick", cronPlan, "steady", &passed), Looks: looks(passed), Events: good.Events}
	tick.StartedAt = after(61)
	bad := chapter{
		Run: run("bad", "limit-0", "v1", &failed), Looks: looks(failed),
		Events: []analysis.Event{
			event("e3", 0, analysis.EventRunStarted), event("e4", 20, analysis.EventRunFailed), event("e5", 22, analysis.EventRollbackUpdated),
		},
		Deliveries: []analysis.Delivery{
			{ID: "d1", EventID: "e4", EventType: analysis.EventRunFailed, Action: "undo", ChangesWorld: true, State: analysis.DeliveryDone, Receipt: &analysis.Receipt{}},
			{ID: "d2", EventID: "e4", EventType: analysis.EventRunFailed, Action: "tell", State: analysis.DeliveryDone, Receipt: &analysis.Receipt{}},
		},
	}
	bad.Rollback.State = analysis.RollbackAccepted
	undo := request{Path: undoPath, ID: "d1", Idempotency: "d1", Signed: true, Body: []byte("undo"), Type: "run.failed", Run: "bad", From: "v1", To: "v0"}
	taken := undo
	taken.Accepted = true
	return &story{
		Releases: []release{{Plan: "limit-0", Key: "key-bad", Version: "v1", Bad: true}, {Plan: "limit-1", Key: "key-good", Version: "v2"}},
		Runs:     []chapter{good, bad, tick},
		Requests: []request{
			undo, taken,
			{Path: tellPath, ID: "d2", Idempotency: "d2", Signed: true, Body: []byte("told"), Type: "run.failed", Run: "bad", Accepted: true},
		},
		Began: noon, Quiet: after(60),
	}
}

func TestWellIsWell(t *testing.T) {
	r := check(well())
	for p, what := range r.broken {
		t.Errorf("%s: %s", p, what)
	}
	for _, p := range promises {
		if r.checked[p] == 0 {
			t.Errorf("never checked: %s", p)
		}
	}
}

// of returns a run of a story.
func (s *story) of(id string) *chapter {
	return &s.Runs[slices.IndexFunc(s.Runs, func(c chapter) bool { return c.ID == id })]
}

// TestEachViolationIsSeen breaks one thing at a time: a check that cannot fail is worth
// nothing.
func TestEachViolationIsSeen(t *testing.T) {
	inconclusive, pass, fail := analysis.OutcomeInconclusive, analysis.OutcomePass, analysis.OutcomeFail
	for name, c := range map[string]struct {
		of    promise
		spoil func(s *story)
	}{
		"no run of a release":         {startsOnce, func(s *story) { s.Releases = append(s.Releases, release{Plan: "p", Key: "k"}) }},
		"two runs of a release":       {startsOnce, func(s *story) { c := *s.of("good"); c.ID = "again"; s.Runs = append(s.Runs, c) }},
		"a rollback that nobody took": {rollsBack, func(s *story) { s.Requests[1].Accepted = false }},
		"no rollback at all":          {rollsBack, func(s *story) { s.Requests = s.Requests[2:] }},
		"a rollback that failed":      {rollsBack, func(s *story) { s.of("bad").Rollback.State = analysis.RollbackFailed }},
		"a rollback on its way":       {rollsBack, func(s *story) { s.of("bad").Rollback.State = analysis.RollbackSending }},
		"a bad release passed":        {rollsBack, func(s *story) { s.of("bad").Outcome = &pass }},
		"a bad one inconclusive":      {rollsBack, func(s *story) { s.of("bad").Outcome = &inconclusive }},
		"late, and nobody told":       {rollsBack, func(s *story) { s.of("bad").Rollback.State = analysis.RollbackSkipped; s.Releases[0].Short = true }},
		"another key":                 {sameEach, func(s *story) { s.Requests[1].Idempotency = "d9" }},
		"another delivery":            {sameEach, func(s *story) { s.Requests[1].ID, s.Requests[1].Idempotency = "d9", "d9" }},
		"another body":                {sameEach, func(s *story) { s.Requests[1].Body = []byte("undo!") }},
		"another message":             {sameEach, func(s *story) { q := s.Requests[2]; q.Body = nil; s.Requests = append(s.Requests, q) }},
		"no signature":                {sameEach, func(s *story) { s.Requests[2].Signed = false }},
		"to another version":          {sameEach, func(s *story) { s.Requests[0].To = "v7" }},
		"of an unknown run":           {sameEach, func(s *story) { s.Requests[2].Run = "nobody" }},
		"telling that rolls back":     {sameEach, func(s *story) { s.Requests[2].Path = undoPath }},
		"a good release failed":       {sparesGood, func(s *story) { s.of("good").Outcome = &fail }},
		"a good one inconclusive":     {sparesGood, func(s *story) { s.of("good").Outcome = &inconclusive }},
		"a good one rolled back":      {sparesGood, func(s *story) { s.Requests[0].Run = "good" }},
		"a good one's rollback held":  {sparesGood, func(s *story) { s.of("good").Rollback.State = analysis.RollbackHeld }},
		"a good one superseded":       {sparesGood, func(s *story) { s.of("good").Status = analysis.StatusSuperseded; s.of("good").Outcome = nil }},
		"a run that goes on":          {ends, func(s *story) { s.of("good").Status = analysis.StatusRunning }},
		"a run that never began":      {ends, func(s *story) { s.of("good").Status = analysis.StatusPending }},
		"a verification that goes on": {ends, func(s *story) { s.of("bad").Verification.State = analysis.VerificationWatching }},
		"a delivery that is open":     {ends, func(s *story) { s.of("bad").Deliveries[1].State = analysis.DeliveryPending }},
		"a failure nobody heard of":   {tells, func(s *story) { s.Requests = s.Requests[:2] }},
		"a final word that changed":   {isFinal, func(s *story) { s.Changed = []string{"x"} }},
		"a secret in a log":           {keepsQuiet, func(s *story) { s.Leaked = []string{"x"} }},
		"a panic":                     {stands, func(s *story) { s.Broken = []string{"x"} }},
		"no tick":                     {ticksOn, func(s *story) { s.of("tick").StartedAt = after(30) }},
		"two verdicts":                {oneStory, func(s *story) { c := s.of("good"); c.Events = append(c.Events, c.Events[1]) }},
		"no verdict":                  {oneStory, func(s *story) { c := s.of("good"); c.Events = c.Events[:1] }},
		"another verdict":             {oneStory, func(s *story) { s.of("bad").Events[1].Type = analysis.EventRunPassed }},
		"started twice":               {oneStory, func(s *story) { c := s.of("good"); c.Events = append(c.Events[:1:1], c.Events...) }},
		"events out of order":         {oneStory, func(s *story) { s.of("bad").Events[2].At = after(1) }},
		"a consequence before":        {oneStory, func(s *story) { e := s.of("bad").Events; e[1], e[2] = e[2], e[1]; e[1].At, e[2].At = e[2].At, e[1].At }},
		"a verdict before the start":  {oneStory, func(s *story) { e := s.of("good").Events; e[0].Type, e[1].Type = e[1].Type, e[0].Type }},
		"a look is missing":           {oneStory, func(s *story) { c := s.of("good"); c.Looks = c.Looks[1:]; c.Progress.Looks = 1 }},
		"a look twice":                {oneStory, func(s *story) { s.of("good").Looks[1].Number = 1 }},
		"a look that is not counted":  {oneStory, func(s *story) { s.of("good").Progress.Looks = 1 }},
		"a look after the decision":   {oneStory, func(s *story) { s.of("good").Looks[0].Verdict.Outcome = pass }},
		"a look that says otherwise":  {oneStory, func(s *story) { s.of("good").Looks[1].Verdict.Outcome = fail }},
		"a delivery from nothing":     {oneStory, func(s *story) { s.of("bad").Deliveries[1].EventID = "e9" }},
		"a delivery twice":            {oneStory, func(s *story) { d := s.of("bad").Deliveries; d[1].ID = d[0].ID }},
		"a rollback for another cause": {oneStory, func(s *story) {
			c := s.of("bad")
			c.Deliveries[0].EventID, c.Deliveries[0].EventType = "e3", analysis.EventRunStarted
		}},
		"done, and not accepted": {oneStory, func(s *story) { s.of("bad").Rollback.State = analysis.RollbackFailed }},
		"done without a receipt": {oneStory, func(s *story) { s.of("bad").Deliveries[1].Receipt = nil }},
	} {
		t.Run(name, func(t *testing.T) {
			s := well()
			c.spoil(s)
			if r := check(s); len(r.broken[c.of]) == 0 {
				t.Errorf("not seen; what was seen: %v", slices.Sorted(maps.Keys(r.broken)))
			}
		})
	}
}

// TestOurOwnFaultsExcuse: what the harness itself made impossible is not held against
// Haldane, so long as somebody was told.
func TestOurOwnFaultsExcuse(t *testing.T) {
	inconclusive := analysis.OutcomeInconclusive
	blinded := func(s *story, k Kind, told bool) {
		c := s.of("bad")
		c.Outcome, c.Rollback.State = &inconclusive, analysis.RollbackNone
		s.Faults = []*fault{{Kind: k, From: after(10), To: after(15), Done: true}}
		s.Requests = s.Requests[:0]
		if told {
			s.Requests = []request{{Path: tellPath, Run: "bad", Type: string(analysis.EventRunInconclusive), Accepted: true}}
		}
	}
	for name, c := range map[string]struct {
		spoil func(s *story)
		ok    bool
	}{
		"the metrics were cut, and it was told":     {func(s *story) { blinded(s, MetricsCut, true) }, true},
		"the metrics were cut, and it was not told": {func(s *story) { blinded(s, MetricsCut, false) }, false},
		"the receiver was cut, and it was told":     {func(s *story) { blinded(s, ReceiverCut, true) }, false},
		"the metrics were cut long before it was over": {func(s *story) {
			blinded(s, MetricsCut, true)
			s.Faults[0].From, s.Faults[0].To = noon.Add(-time.Minute), noon.Add(-time.Minute)
		}, false},
		"a short deadline passed, and it was told": {func(s *story) {
			s.Releases[0].Short, s.of("bad").Rollback.State = true, analysis.RollbackFailed
			s.Requests = append(s.Requests, request{Path: tellPath, Run: "bad", Type: string(analysis.EventDeliveryFailed), Accepted: true})
		}, true},
		"a long deadline passed, and it was told": {func(s *story) {
			s.of("bad").Rollback.State = analysis.RollbackFailed
			s.Requests = append(s.Requests, request{Path: tellPath, Run: "bad", Type: string(analysis.EventDeliveryFailed), Accepted: true})
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := well()
			c.spoil(s)
			if got := len(check(s).broken[rollsBack]) == 0; got != c.ok {
				t.Errorf("excused: %t", got)
			}
		})
	}
}

func TestFinalWords(t *testing.T) {
	pass, fail := analysis.OutcomePass, analysis.OutcomeFail
	run := func(status analysis.Status, o *analysis.Outcome) []analysis.Run {
		return []analysis.Run{{ID: "a", Status: status, Outcome: o}}
	}
	for name, c := range map[string]struct {
		seen [][]analysis.Run
		ok   bool
	}{
		"it goes on, then passes": {[][]analysis.Run{run(analysis.StatusRunning, nil), run(analysis.StatusFinished, &pass), run(analysis.StatusFinished, &pass)}, true},
		"pass becomes fail":       {[][]analysis.Run{run(analysis.StatusFinished, &pass), run(analysis.StatusFinished, &fail)}, false},
		"it goes on again":        {[][]analysis.Run{run(analysis.StatusFinished, &pass), run(analysis.StatusRunning, nil)}, false},
		"it is forgotten":         {[][]analysis.Run{run(analysis.StatusFinished, &pass), nil}, false},
	} {
		w := &watcher{final: map[string]string{}}
		for _, runs := range c.seen {
			w.note(runs)
		}
		if got := len(w.changes()) == 0; got != c.ok {
			t.Errorf("%s: %v", name, w.changes())
		}
	}
}

func TestRecovery(t *testing.T) {
	s := well()
	kill := &fault{Kind: Kill, To: after(3)}
	if d, ok := s.recovered(kill); !ok || d != 17*time.Second {
		t.Errorf("%s, %t", d, ok)
	}
	if _, ok := s.recovered(&fault{Kind: ReceiverCut, To: after(3)}); ok {
		t.Error("nobody was killed")
	}
}

// TestStoryIsKept: what is left of a broken round can be read again.
func TestStoryIsKept(t *testing.T) {
	dir := t.TempDir()
	s := well()
	s.Requests[1].Accepted = false
	if err := s.write(dir, check(s)); err != nil {
		t.Fatal(err)
	}
	text := readFile(t, dir, "story.json")
	var kept struct{ Broken map[string][]string }
	if err := json.Unmarshal(text, &kept); err != nil || !strings.Contains(fmt.Sprint(kept.Broken), "nobody took one") {
		t.Errorf("%v: %s", err, text)
	}
}
