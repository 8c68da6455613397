package store

import (
	"context"
	"slices"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// InsertEvent adds one thing that happened. When the clock was set back, or another
// replica's is ahead, its time becomes later than that of the run's event before it, so
// that the run's history stays in its order.
func (tx *Tx) InsertEvent(ctx context.Context, e *analysis.Event) error {
	rs, err := tx.t.query(ctx, `SELECT `+eventColumns+`, NULL FROM events e WHERE e.run_id = $1 ORDER BY e.at DESC, e.id DESC LIMIT 1`, e.RunID)
	last, found, err := first(rs, err, scanEvent)
	if err != nil {
		return err
	}
	if found && (e.At.Before(last.At) || e.At.Equal(last.At) && e.ID < last.ID) {
		e.At = last.At.Add(time.Millisecond)
	}
	_, err = tx.exec(ctx, `INSERT INTO events (id, run_id, service, environment, at, type, who, text, notice)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		e.ID, optText(e.RunID), e.Service, e.Environment, millis(e.At), string(e.Type), toJSON(e.Who), e.Text, optJSON(e.Notice))
	return err
}

// optText is null for "".
func optText(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

const eventColumns = `e.id, e.run_id, e.service, e.environment, e.at, e.type, e.who, e.text`

// Events returns a run's events in their order, without their notices.
func (s *Store) Events(ctx context.Context, runID string) ([]analysis.Event, error) {
	rs, err := s.db.reader().query(ctx, `SELECT `+eventColumns+`, NULL FROM events e WHERE e.run_id = $1 ORDER BY e.at, e.id`, runID)
	es, err := collect(rs, err, scanEvent)
	return es, s.trouble("read events", err)
}

// Event reads one event, with its notice.
func (tx *Tx) Event(ctx context.Context, id string) (analysis.Event, error) {
	return event(ctx, tx.t, id)
}

// event returns one event with its notice.
func event(ctx context.Context, q queryer, id string) (analysis.Event, error) {
	rs, err := q.query(ctx, `SELECT `+eventColumns+`, e.notice FROM events e WHERE e.id = $1`, id)
	e, ok, err := first(rs, err, scanEvent)
	if err == nil && !ok {
		err = analysis.Errorf(analysis.Internal, "event %s: missing in the database", id)
	}
	return e, err
}

func scanEvent(rs rows) (analysis.Event, error) { return scanEventAnd(rs) }

// scanPlannedEvent reads an event with the plan of its run.
func scanPlannedEvent(rs rows) (analysis.Event, error) {
	var plan *string
	e, err := scanEventAnd(rs, &plan)
	if plan != nil {
		e.Plan = *plan
	}
	return e, err
}

func scanEventAnd(rs rows, more ...any) (e analysis.Event, err error) {
	var run, notice *string
	var at int64
	var typ, who string
	into := append([]any{&e.ID, &run, &e.Service, &e.Environment, &at, &typ, &who, &e.Text, &notice}, more...)
	if err := rs.Scan(into...); err != nil {
		return e, err
	}
	if run != nil {
		e.RunID = *run
	}
	e.At, e.Type = fromMillis(at), analysis.EventType(typ)
	if err := fromJSON(who, &e.Who); err != nil {
		return e, err
	}
	e.Notice, err = fromOptJSON[analysis.Notice](notice)
	return e, err
}

// Decisions are what people said of a rollback that awaits approval.
type Decisions struct {
	Approved []string // who, each once
	Refused  string   // who did; "" for nobody
}

// Decisions returns what people said of a run's rollback since the event that decided on
// it.
func (tx *Tx) Decisions(ctx context.Context, runID, eventID string) (Decisions, error) {
	rs, err := tx.t.query(ctx, `SELECT `+eventColumns+`, NULL FROM events e WHERE e.run_id = $1 AND e.id > $2
		AND e.type IN ('rollback.approved', 'rollback.refused') ORDER BY e.id`, runID, eventID)
	said, err := collect(rs, err, scanEvent)
	var d Decisions
	for _, e := range said {
		who := e.Who.Person()
		switch {
		case e.Type == analysis.EventRollbackRefused:
			d.Refused = e.Who.String()
		case !slices.Contains(d.Approved, who):
			d.Approved = append(d.Approved, who)
		}
	}
	return d, err
}
