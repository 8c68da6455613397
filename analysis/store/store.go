package store

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/golang-lru/v2"

	"github.com/haldane-dev/haldane/analysis"
)

// Store is an open database. Its methods outside Write only read.
type Store struct {
	db    database
	work  atomic.Pointer[Work]
	newer atomic.Pointer[analysis.Error]    // the tables are a newer Haldane's: nothing may be written
	plans *lru.Cache[string, analysis.Plan] // by the snapshot's hash: plans never change under it
}

// mostPlans is how many plans are kept in memory, at some kilobytes each: more than are
// judged at a time.
const mostPlans = 20_000

// Options say how to open a Store. The zero values of all but URL will do.
type Options struct {
	// URL is sqlite:PATH, sqlite::memory: or postgres://...
	URL string
	Log *slog.Logger
	// Replica is this daemon's own id: it marks the jobs that it works on.
	Replica string
	// Lookers and Deliverers are how many looks and deliveries may be under way
	// at once.
	Lookers, Deliverers int
	// LookTimeout and DeliverTimeout end a job that hangs.
	LookTimeout, DeliverTimeout time.Duration
	// Poll is how long a due delivery may wait to be noticed; looks wait up to
	// five times as long.
	Poll time.Duration
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	set(&o.Lookers, 64)
	set(&o.Deliverers, 64)
	set(&o.LookTimeout, 45*time.Second)
	set(&o.DeliverTimeout, 45*time.Second)
	set(&o.Poll, 100*time.Millisecond)
	return o
}

// lease is how long a job may be at work at most, with a little to spare.
func (o Options) lease() time.Duration { return max(o.LookTimeout, o.DeliverTimeout) + 5*time.Second }

func set[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// Open opens the database and brings its tables up to date. Errors are
// Invalid for a URL that is not understood and Unavailable for the rest.
func Open(ctx context.Context, o Options) (*Store, error) {
	o = o.withDefaults()
	plans, err := lru.New[string, analysis.Plan](mostPlans)
	if err != nil {
		return nil, err
	}
	s := &Store{plans: plans}
	switch {
	case strings.HasPrefix(o.URL, "sqlite:"):
		s.db, err = openSQLite(ctx, strings.TrimPrefix(o.URL, "sqlite:"), s, o)
	case strings.HasPrefix(o.URL, "postgres://"), strings.HasPrefix(o.URL, "postgresql://"):
		s.db, err = openPostgres(ctx, o.URL, s, o)
	default:
		return nil, analysis.Errorf(analysis.Invalid, "database: its URL is not understood").
			WithHint("sqlite:haldane.db, sqlite::memory: or postgres://user@host/name")
	}
	if err != nil {
		return nil, err
	}
	if err := s.db.migrate(ctx); err != nil {
		_ = s.db.close()
		return nil, s.trouble("update its tables", err)
	}
	if err := s.compatible(ctx); err != nil {
		_ = s.db.close()
		return nil, err
	}
	return s, nil
}

// Close closes the database. Stop the queue first.
func (s *Store) Close() error { return s.db.close() }

// Tx is a write transaction.
type Tx struct {
	t     transaction
	s     *Store
	after []func()
}

// AfterCommit runs f once the transaction has been committed, and not at all when
// it is rolled back: for logs and metrics.
func (tx *Tx) AfterCommit(f func()) { tx.after = append(tx.after, f) }

// Write runs do in one transaction and commits it, or rolls back when do returns
// an error, which is then returned as it is. It may run do again when the database
// asks for that. Trouble with the database is Unavailable.
func (s *Store) Write(ctx context.Context, do func(tx *Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := s.writeOnce(ctx, do)
		if err == nil || attempt == 5 || !s.db.again(err) {
			return s.trouble("write", err)
		}
	}
}

func (s *Store) writeOnce(ctx context.Context, do func(tx *Tx) error) error {
	if newer := s.newer.Load(); newer != nil {
		return newer
	}
	var tx *Tx
	err := s.db.write(ctx, func(t transaction) error {
		tx = &Tx{t: t, s: s}
		return do(tx)
	})
	if err != nil {
		return err
	}
	for _, f := range tx.after {
		f()
	}
	return nil
}

// trouble turns a driver's error into one of the house and leaves our own alone.
func (s *Store) trouble(what string, err error) error {
	if err == nil {
		return nil
	}
	if own := ownError(err); own != nil {
		return own
	}
	if words, temporary := s.db.explain(err); words != "" {
		kind := analysis.Internal
		if temporary {
			kind = analysis.Unavailable
		}
		return analysis.Errorf(kind, "database: cannot %s: %s", what, words).Because(err)
	}
	e := analysis.AsError(err)
	return analysis.Errorf(e.Kind, "database: cannot %s: %s", what, e.Message).Because(err)
}

func (tx *Tx) exec(ctx context.Context, sql string, args ...any) (int64, error) {
	n, err := tx.t.exec(ctx, sql, args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", firstWords(sql), err)
	}
	return n, nil
}

// firstWords names a statement in an error without its whole text.
func firstWords(sql string) string {
	f := strings.Fields(sql)
	return strings.ToLower(strings.Join(f[:min(3, len(f))], " "))
}
