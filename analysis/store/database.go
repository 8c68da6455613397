package store

import (
	"context"
	"time"
)

// database is what differs between SQLite and PostgreSQL. Everything else is one
// portable SQL text.
type database interface {
	reader() queryer
	// write runs do in a transaction and commits it, or rolls back when it returns an
	// error. It may run it again after a transaction that came to nothing.
	write(ctx context.Context, do func(t transaction) error) error
	migrate(ctx context.Context) error
	queue() queue
	// orphans gives back the jobs that nobody can be working on any more. Only a
	// database with a single owner can know that at its start.
	orphans(ctx context.Context) error
	// clock is SQL for the time that all who share the database go by, in milliseconds.
	clock() string
	// dueAt is SQL for when the job j is due, in milliseconds.
	dueAt() string
	// takeOver gives back the jobs of those who have not been seen for a time, and
	// those that self holds for too long.
	takeOver(ctx context.Context, self string, unseen time.Duration) (int64, error)
	// explain puts the driver's error into plain words.
	explain(err error) (words string, temporary bool)
	// again reports whether a transaction that failed can be run again at once: it was
	// only in the way of another one, or there is more room now.
	again(err error) bool
	close() error
}

// queryer runs portable SQL ($1, $2, ...).
type queryer interface {
	exec(ctx context.Context, sql string, args ...any) (affected int64, err error)
	query(ctx context.Context, sql string, args ...any) (rows, error)
}

type rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close()
}

// transaction is a write transaction that can also touch the job queue.
type transaction interface {
	queryer
	enqueue(ctx context.Context, job enqueued) (id int64, err error)
}

// queue is River's client without its type parameter.
type queue interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
	StopAndCancel(ctx context.Context) error
}

// collect scans all rows and closes them.
func collect[T any](rs rows, err error, scan func(rows) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rs.Close()
	var out []T
	for rs.Next() {
		v, err := scan(rs)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rs.Err()
}

// first returns the first row, if there is one.
func first[T any](rs rows, err error, scan func(rows) (T, error)) (v T, found bool, _ error) {
	all, err := collect(rs, err, scan)
	if err != nil || len(all) == 0 {
		return v, false, err
	}
	return all[0], true, nil
}

func scalar[T any](rs rows) (v T, err error) {
	err = rs.Scan(&v)
	return v, err
}
