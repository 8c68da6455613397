package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// conditions are what rows of a list must fulfil.
type conditions struct {
	where []string
	args  []any
}

// add wants a column to compare with a value as op says; "" wants nothing.
func (c *conditions) add(column, op, value string) {
	if value != "" {
		c.args = append(c.args, value)
		c.where = append(c.where, fmt.Sprintf("%s %s $%d", column, op, len(c.args)))
	}
}

// among wants a column to be one of some values, or, with orNull, to be null.
func (c *conditions) among(column string, values []string, orNull bool) {
	marks := make([]string, len(values))
	for i, v := range values {
		c.args = append(c.args, v)
		marks[i] = fmt.Sprintf("$%d", len(c.args))
	}
	in := "1 = 0"
	if len(marks) > 0 {
		in = column + " IN (" + strings.Join(marks, ", ") + ")"
	}
	if orNull {
		in = "(" + in + " OR " + column + " IS NULL)"
	}
	c.where = append(c.where, in)
}

// tail is the rest of a statement that reads one page, newest first, and one row more.
func (c *conditions) tail(id string, limit int) string {
	where := ""
	if len(c.where) > 0 {
		where = "WHERE " + strings.Join(c.where, " AND ")
	}
	return fmt.Sprintf("%s ORDER BY %s DESC LIMIT %d", where, id, limit+1)
}

// pageSize is how many rows a page has: as asked for, or a usual number.
func pageSize(limit int) int {
	if limit <= 0 || limit > 500 {
		return 50
	}
	return limit
}

// page cuts a list of one more than limit to its size. The cursor is "" at the end.
func page[T any](rows []T, limit int, id func(*T) string) ([]T, string) {
	if len(rows) <= limit {
		return rows, ""
	}
	return rows[:limit], id(&rows[limit-1])
}

// plansSeen returns the plans that ever had a run and are in a scope. It steps from
// one name to the next in the index, however many runs there are.
func plansSeen(ctx context.Context, q queryer, scope analysis.Scope) ([]string, error) {
	rs, err := q.query(ctx, `WITH RECURSIVE names (plan) AS (
			SELECT min(plan) FROM runs
			UNION ALL SELECT (SELECT min(r.plan) FROM runs r WHERE r.plan > names.plan) FROM names WHERE names.plan IS NOT NULL)
		SELECT plan FROM names WHERE plan IS NOT NULL`)
	all, err := collect(rs, err, scalar[string])
	var seen []string
	for _, plan := range all {
		if scope.Has(plan) {
			seen = append(seen, plan)
		}
	}
	return seen, err
}

// AllEvents returns a page of the events of all runs and of none, newest first and
// without their notices, and the cursor of the next page.
func (s *Store) AllEvents(ctx context.Context, f analysis.EventFilter) ([]analysis.Event, string, error) {
	q, limit := s.db.reader(), pageSize(f.Limit)
	var c conditions
	c.add("e.run_id", "=", f.Run)
	c.add("e.service", "=", f.Service)
	c.add("e.environment", "=", f.Environment)
	c.add("e.type", "=", string(f.Type))
	c.add("e.id", "<", f.Cursor)
	if !f.Since.IsZero() {
		c.add("e.id", ">=", idsFrom(f.Since.Add(-time.Hour))) // bounds what is read, with room for what was begun before
		c.args = append(c.args, millis(f.Since))
		c.where = append(c.where, fmt.Sprintf("e.at >= $%d", len(c.args)))
	}
	if f.Scope != nil {
		plans, err := plansSeen(ctx, q, f.Scope)
		if err != nil {
			return nil, "", s.trouble("list events", err)
		}
		c.among("r.plan", plans, true)
	}
	rs, err := q.query(ctx, `SELECT `+eventColumns+`, NULL, r.plan FROM events e LEFT JOIN runs r ON r.id = e.run_id `+c.tail("e.id", limit), c.args...)
	found, err := collect(rs, err, scanPlannedEvent)
	if err != nil {
		return nil, "", s.trouble("list events", err)
	}
	found, next := page(found, limit, func(e *analysis.Event) string { return e.ID })
	return found, next, nil
}

// idsFrom is at or before every id (a UUIDv7) that was made at a time or later.
func idsFrom(t time.Time) string {
	ms := uint64(max(0, t.UnixMilli()))
	return fmt.Sprintf("%08x-%04x", ms>>16, ms&0xffff)
}
