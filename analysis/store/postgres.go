package store

import (
	"context"
	"errors"
	"net"

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
}

var _ database = (*postgresDB)(nil)

func openPostgres(ctx context.Context, url string, s *Store, o Options) (*postgresDB, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		// pgx quotes the URL, password and all.
		return nil, analysis.Errorf(analysis.Invalid, "database: its URL is not understood").
			WithHint("postgres://user:password@host:5432/name?sslmode=verify-full")
	}
	db := &postgresDB{}
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
// together migrate one after the other, ours and River's tables under one lock.
const migrationLock = 0x48414c44414e45 // "HALDANE"

func (db *postgresDB) migrate(ctx context.Context) error {
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, int64(migrationLock)); err != nil {
		return err
	}
	defer func() {
		_, _ = conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, int64(migrationLock))
	}()
	std := stdlib.OpenDBFromPool(db.pool)
	defer func() { _ = std.Close() }()
	if err := migrateOurs(ctx, goose.DialectPostgres, std); err != nil {
		return err
	}
	m, err := rivermigrate.New(riverpgxv5.New(db.pool), nil)
	if err != nil {
		return err
	}
	_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

func (db *postgresDB) queue() queue { return db.client }

// orphans leaves running jobs alone: another replica may be at them. River rescues
// those of a dead one.
func (db *postgresDB) orphans(context.Context) error { return nil }

func (db *postgresDB) explain(err error) (words string, temporary bool) {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch {
		case pg.Code == "53100":
			return "the disk is full", true
		case pg.Code == "53300":
			return "too many connections", true
		case pg.Code == "25006":
			return "it is read-only", true
		case pg.Code[:2] == "28":
			return "the user or password is refused", true
		case pg.Code == "3D000":
			return "it does not exist", true
		case pg.Code[:2] == "08", pg.Code[:2] == "57", pg.Code[:2] == "53", pg.Code[:2] == "40":
			return "PostgreSQL says " + pg.Code, true
		}
		return "PostgreSQL says " + pg.Code, false
	}
	var network net.Error
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) || errors.As(err, &network) {
		return "no connection", true
	}
	return "", false
}

func (db *postgresDB) again(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01") // serialization failure, deadlock
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
