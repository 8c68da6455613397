package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

// digestAfter is how long messages are collected before a digest tells of them.
const digestAfter = time.Minute

// inDigest is why a message was not sent by itself.
const inDigest = "one of many: told in a digest"

// quiet decides whether a message is kept from people: because somebody silenced it, or
// because it is one of many, which one digest tells of. It returns why, or "".
//
// What needs a person at once is always told: a rollback that failed or did not help, and
// holds.
func (e *Engine) quiet(ctx context.Context, tx *store.Tx, s *Setup, d *analysis.Delivery, now time.Time) (string, error) {
	switch d.EventType {
	case analysis.EventDeliveryFailed, analysis.EventRollbackNotRecovered, analysis.EventHoldEngaged, analysis.EventMessagesDigest:
		return "", nil
	}
	hs, err := tx.Holds(ctx)
	if err != nil {
		return "", err
	}
	limit, many := s.Actions[d.Action].MaxPerMinute, false
	for _, h := range hs {
		switch {
		case !h.Covers(d.Service, d.Environment, now):
		case h.Kind == analysis.HoldSilence:
			return fmt.Sprintf("silenced by %s: %s", h.By, h.Reason), nil
		case h.Kind == analysis.HoldManyServices:
			many = many || limit > 0
		}
	}
	if !many {
		if limit <= 0 {
			return "", nil
		}
		n, err := tx.Told(ctx, d.Action, now.Add(-time.Minute), inDigest)
		if err != nil || n < limit {
			return "", err
		}
	}
	return inDigest, e.planDigest(ctx, tx, d.Action, now)
}

// planDigest makes sure that a digest of an action's messages is going to be told.
func (e *Engine) planDigest(ctx context.Context, tx *store.Tx, action string, now time.Time) error {
	planned, err := tx.DigestPlanned(ctx, action)
	if err != nil || planned {
		return err
	}
	ev := &analysis.Event{
		ID: newID(), At: now, Type: analysis.EventMessagesDigest, Who: analysis.Haldane, Text: "messages are being collected",
		Notice: &analysis.Notice{Findings: []analysis.Finding{}},
	}
	if err := tx.InsertEvent(ctx, ev); err != nil {
		return err
	}
	d := newDelivery(ev, "digest", analysis.Reaction{Action: action}, false, now, analysis.Duration(time.Hour))
	if d.JobID, err = tx.EnqueueDelivery(ctx, d.ID, now.Add(digestAfter)); err != nil {
		return err
	}
	_, err = tx.InsertDelivery(ctx, d)
	return err
}

// fillDigest words a digest when it goes out: what was held back since it was planned.
// It is fixed then, so that a repeat says the same.
func (e *Engine) fillDigest(ctx context.Context, tx *store.Tx, d *analysis.Delivery, now time.Time) error {
	back, err := tx.HeldBack(ctx, d.Action, d.CreatedAt, inDigest)
	if err != nil {
		return err
	}
	d.Event.Text = digest(back, analysis.Duration(now.Sub(d.CreatedAt).Round(time.Second)))
	d.Event.Notice.Reason = d.Event.Text
	return tx.FillEvent(ctx, &d.Event)
}

// digest says what was held back: "12 messages within 1m are told together: 9 failed (a, b,
// 7 more services); 3 could not be judged (c)".
func digest(back []store.Back, within analysis.Duration) string {
	services := map[analysis.EventType][]string{}
	count := map[analysis.EventType]int{}
	for _, b := range back {
		count[b.Type]++
		if !slices.Contains(services[b.Type], b.Service) {
			services[b.Type] = append(services[b.Type], b.Service)
		}
	}
	var parts []string
	for _, typ := range sortedKeys(count) {
		names := services[typ]
		const shown = 8
		if more := len(names) - shown; more > 0 {
			names = append(slices.Clone(names[:shown]), fmt.Sprintf("%d more services", more))
		}
		parts = append(parts, fmt.Sprintf("%d %s (%s)", count[typ], happened(typ), strings.Join(names, ", ")))
	}
	text := fmt.Sprintf("%d messages within %s are told together: %s", len(back), within, strings.Join(parts, "; "))
	if len(services[analysis.EventRunFailed]) > 4 {
		text += "; when so many fail at once, suspect the platform or a metric store first"
	}
	return text
}

// happened says in a word what an event is about.
func happened(typ analysis.EventType) string {
	switch typ {
	case analysis.EventRunInconclusive:
		return "could not be judged"
	case analysis.EventRollbackUpdated, analysis.EventRollbackVerified:
		return "heard how a rollback went"
	}
	_, word, _ := strings.Cut(string(typ), ".")
	return strings.ReplaceAll(word, "_", " ")
}

// severities from the worst down.
var severities = []string{"critical", "error", "warning", "info"}

// severity is how bad the news is. Failures have the plan's own, or one less when the plan
// has critical metrics and none of them is bad; what could not be decided is a warning.
func severity(r *analysis.Run, o occurrence) string {
	own := r.Snapshot.Severity
	i := slices.Index(severities, own)
	if i < 0 {
		return own
	}
	switch o.typ {
	case analysis.EventRunMarginal, analysis.EventRunInconclusive, analysis.EventSourceTroubled:
		return severities[max(i, slices.Index(severities, "warning"))]
	case analysis.EventRunFailed:
		critical := slices.ContainsFunc(r.Snapshot.Metrics, func(m analysis.Metric) bool { return m.Critical })
		bad := slices.ContainsFunc(o.findings, func(f analysis.Finding) bool { return f.Bad })
		worst := slices.ContainsFunc(o.findings, func(f analysis.Finding) bool { return f.Bad && f.Critical })
		if critical && bad && !worst {
			return severities[min(i+1, len(severities)-1)]
		}
	}
	return own
}

// Acknowledge is a person's word that they look after a run: the conversations hear it.
func (e *Engine) Acknowledge(ctx context.Context, runID string, by analysis.Cause) (analysis.Run, error) {
	s := e.setup.Load()
	return e.change(ctx, runID, func(tx *store.Tx, r *analysis.Run, now time.Time) error {
		o := occurrence{typ: analysis.EventRunAcknowledged, who: by, text: by.String() + " looks after it"}
		return e.tell(ctx, tx, s, r, o, threads(s, r), now)
	})
}
