package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/haldane-dev/haldane/analysis"
)

// postgresDB is one database shared by any number of replicas.
type postgresDB struct {
	pool   *pgxpool.Pool
	client *river.Client[pgx.Tx]
	lease  time.Duration // how long a job may run at most
}

var _ database = (*postgresDB)(nil)

func openPostgres(ctx context.Context, url string, s *Store, o Options) (*postgresDB, error) {
	cfg, err := postgresConfig(url)
	if err != nil {
		return nil, err
	}
	db := &postgresDB{lease: o.lease()}
	if db.pool, err = pgxpool.NewWithConfig(ctx, cfg); err == nil {
		err = db.pool.Ping(ctx)
	}
	if err == nil {
		db.client, err = river.NewClient(riverpgxv5.New(db.pool), queueConfig(s, o, false))
	}
	if err != nil {
		if db.pool != nil {
			db.pool.Close()
		}
		words, _ := db.explain(err)
		if words == "" {
			words = "no connection"
		}
		return nil, analysis.Errorf(analysis.Unavailable, "database: cannot open %s on %s: %s",
			cfg.ConnConfig.Database, cfg.ConnConfig.Host, words).Because(err)
	}
	return db, nil
}

func (db *postgresDB) reader() queryer { return pgQueryer{db.pool} }

func (db *postgresDB) write(ctx context.Context, do func(t transaction) error) error {
	tx, err := db.pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // nothing after a commit
	if err := do(&pgTx{pgQueryer: pgQueryer{tx}, tx: tx, client: db.client}); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// migrationLock is a number nobody else on the server uses; replicas that start
// together migrate one after the other, ours and River's tables under one lock. It
// goes with the connection: when a replica dies over a migration the next goes on.
const migrationLock = 0x48414c44414e45 // "HALDANE"

// migrate waits for the lock as long as for any other: who does not get it by then is
// told so, and tries again.
func (db *postgresDB) migrate(ctx context.Context) error {
	lock, err := db.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer lock.Release()
	if _, err := lock.Exec(ctx, `SELECT pg_advisory_lock($1)`, int64(migrationLock)); err != nil {
		var pg *pgconn.PgError
		if errors.As(err, &pg) && pg.Code == lockNotAvailable {
			return analysis.Errorf(analysis.Unavailable, "database: another replica is updating its tables").Because(err)
		}
		return err
	}
	defer func() {
		_, _ = lock.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, int64(migrationLock))
	}()
	// On connections of their own: a change of a large table takes its time.
	cfg := db.pool.Config()
	cfg.ConnConfig.Tracer, cfg.ConnConfig.RuntimeParams["statement_timeout"] = nil, "0"
	slow, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer slow.Close()
	std := stdlib.OpenDBFromPool(slow)
	defer func() { _ = std.Close() }()
	if err := migrateOurs(ctx, goose.DialectPostgres, std); err != nil {
		return err
	}
	m, err := rivermigrate.New(riverpgxv5.New(slow), nil)
	if err != nil {
		return err
	}
	_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

const lockNotAvailable, readOnly = "55P03", "25006"

func (db *postgresDB) queue() queue { return db.client }

// orphans leaves running jobs alone: another replica may be at them.
func (db *postgresDB) orphans(context.Context) error { return nil }

func (db *postgresDB) clock() string {
	return `CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)`
}

func (db *postgresDB) dueAt() string {
	return `CAST(extract(epoch FROM j.scheduled_at) * 1000 AS BIGINT)`
}

// takeOver trusts each clock only as far as it must: when a replica was last seen is
// the database's word, and how long a job of ours has run is our own. Of those that have
// left, their jobs' times are all there is.
func (db *postgresDB) takeOver(ctx context.Context, self string, unseen time.Duration) (int64, error) {
	const holder = `attempted_by[array_upper(attempted_by, 1)]`
	tag, err := db.pool.Exec(ctx, `UPDATE river_job SET state = 'available' WHERE state = 'running' AND (
		attempted_at < $2 AND (`+holder+` = $1 OR NOT EXISTS (SELECT 1 FROM replicas WHERE id = `+holder+`))
		OR `+holder+` IN (SELECT id FROM replicas WHERE id <> $1 AND abs(`+db.clock()+` - seen_at) > $3))`,
		self, time.Now().Add(-db.lease), unseen.Milliseconds())
	return tag.RowsAffected(), err
}

func (db *postgresDB) again(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	if pg.Code == readOnly {
		// It may have handed over to another server at its address, and kept our
		// connections: new ones find the other.
		db.pool.Reset()
	}
	return pg.Code == "40001" || pg.Code == "40P01" // serialization failure, deadlock
}

func (db *postgresDB) close() error {
	db.pool.Close()
	return nil
}

type pgTx struct {
	pgQueryer
	tx     pgx.Tx
	client *river.Client[pgx.Tx]
}

func (t *pgTx) enqueue(ctx context.Context, job enqueued) (int64, error) {
	res, err := t.client.InsertTx(ctx, t.tx, job.args, job.opts())
	if err != nil {
		return 0, err
	}
	return res.Job.ID, nil
}

// pgQueryer is a queryer over pgx.
type pgQueryer struct {
	db interface {
		Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
		Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	}
}

func (q pgQueryer) exec(ctx context.Context, text string, args ...any) (int64, error) {
	tag, err := q.db.Exec(ctx, text, args...)
	return tag.RowsAffected(), err
}

func (q pgQueryer) query(ctx context.Context, text string, args ...any) (rows, error) {
	return q.db.Query(ctx, text, args...)
}
