package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/haldane-dev/haldane/analysis"
)

// sqliteDB is the embedded database: one writing connection, because SQLite has
// one writer anyway and River needs its calls in order, and a pool that can only
// read, for the API and the pages.
type sqliteDB struct {
	writer, read *sql.DB
	group        group
	lock         *os.File
	client       *river.Client[*sql.Tx]
}

var _ database = (*sqliteDB)(nil)

func openSQLite(ctx context.Context, path string, s *Store, o Options) (*sqliteDB, error) {
	db := &sqliteDB{}
	db.group.begin = db.begin
	var err error
	if path == ":memory:" {
		// One connection is the database; it would be gone with it.
		db.writer, err = openPool("file::memory:?"+pragmas(false), 1)
		db.read = db.writer
	} else {
		err = db.openFile(path)
	}
	if err == nil {
		err = db.writer.PingContext(ctx)
	}
	if err == nil {
		db.client, err = river.NewClient(riversqlite.New(db.writer), queueConfig(s, o, true))
	}
	if err != nil {
		_ = db.close()
		var own *analysis.Error
		if errors.As(err, &own) {
			return nil, own
		}
		words, _ := db.explain(err)
		return nil, analysis.Errorf(analysis.Unavailable, "database: cannot open %s: %s", path, words).Because(err)
	}
	return db, nil
}

func (db *sqliteDB) openFile(path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if dir := filepath.Dir(path); !isDir(dir) {
		return analysis.Errorf(analysis.Invalid, "database: folder %s does not exist", dir)
	}
	if db.lock, err = lockFile(path + ".lock"); err != nil {
		return err
	}
	// Made here, so that it is never readable by others, not even for a moment.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return analysis.Errorf(analysis.Unavailable, "database: %s cannot be opened for writing", path).
			WithHint("check the folder's owner and mode, and that the disk is not read-only").Because(err)
	}
	_ = f.Close()
	name := dataSource(path)
	if db.writer, err = openPool(name+pragmas(false), 1); err != nil {
		return err
	}
	db.read, err = openPool(name+pragmas(true), max(4, runtime.GOMAXPROCS(0)))
	return err
}

// dataSource is the name of a file as the driver wants it, up to its parameters.
func dataSource(path string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?"
}

func isDir(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}

// pragmas are set on every new connection. A commit waits for the disk
// (synchronous=FULL): a power cut must not forget a rollback.
func pragmas(readOnly bool) string {
	v := url.Values{"_pragma": {"busy_timeout(10000)", "foreign_keys(1)", "temp_store(2)"}}
	if readOnly {
		v.Set("mode", "ro")
		v.Add("_pragma", "query_only(1)")
	} else {
		v.Set("_txlock", "immediate")
		v.Add("_pragma", "journal_mode(WAL)")
		v.Add("_pragma", "synchronous(FULL)")
		v.Add("_pragma", "journal_size_limit(16777216)") // what a backup makes it grow to is given back
	}
	return v.Encode()
}

func openPool(dsn string, conns int) (*sql.DB, error) {
	pool, err := openSQL(dsn)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	return pool, nil
}

func (db *sqliteDB) reader() queryer { return stdQueryer{db.read} }

func (db *sqliteDB) write(ctx context.Context, do func(t transaction) error) error {
	return db.group.write(ctx, do)
}

func (db *sqliteDB) begin() (groupTx, error) {
	tx, err := db.writer.BeginTx(context.Background(), nil)
	if err != nil {
		return nil, err
	}
	return &sqliteTx{stdQueryer: stdQueryer{tx}, tx: tx, client: db.client}, nil
}

func (db *sqliteDB) migrate(ctx context.Context) error {
	if err := migrateOurs(ctx, goose.DialectSQLite3, db.writer); err != nil {
		return err
	}
	m, err := rivermigrate.New(riversqlite.New(db.writer), nil)
	if err != nil {
		return err
	}
	_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

func (db *sqliteDB) queue() queue { return db.client }

// orphans: the lock on the file says that we are alone, so whatever is marked as
// running was left by a process that died.
func (db *sqliteDB) orphans(ctx context.Context) error {
	_, err := db.writer.ExecContext(ctx, `UPDATE river_job SET state = 'available' WHERE state = 'running'`)
	return err
}

// clock is our own: there is nobody else.
func (db *sqliteDB) clock() string { return strconv.FormatInt(time.Now().UnixMilli(), 10) }

func (db *sqliteDB) dueAt() string {
	return `CAST(unixepoch(j.scheduled_at, 'subsec') * 1000 AS INTEGER)`
}

// takeOver leaves it to River, which rescues what could not be recorded: there is
// nobody to take over from.
func (db *sqliteDB) takeOver(context.Context, string, time.Duration) (int64, error) { return 0, nil }

func (db *sqliteDB) explain(err error) (words string, temporary bool) {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return "", false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return "the disk is full", true
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return "it is read-only", true
	case sqlite3.SQLITE_CANTOPEN:
		return "the file cannot be opened", true
	case sqlite3.SQLITE_IOERR:
		return "the disk does not answer properly", true
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return "another process has locked it", true
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return "the file is damaged or is no SQLite database", false
	}
	return fmt.Sprintf("SQLite error %d", e.Code()), false
}

// again: there is one writer, nothing is ever in its way. On a full disk the log (-wal)
// has room where its pages can be moved into the file; SQLite by itself would wait until
// it is 4 MiB long.
func (db *sqliteDB) again(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) || e.Code()&0xff != sqlite3.SQLITE_FULL {
		return false
	}
	var busy, pages, moved int
	err = db.writer.QueryRowContext(context.Background(), `PRAGMA wal_checkpoint(PASSIVE)`).Scan(&busy, &pages, &moved)
	return err == nil && busy == 0 && pages > 0 && moved == pages
}

func (db *sqliteDB) close() error {
	var errs []error
	if db.read != nil && db.read != db.writer {
		errs = append(errs, db.read.Close())
	}
	if db.writer != nil {
		errs = append(errs, db.writer.Close())
	}
	if db.lock != nil {
		errs = append(errs, db.lock.Close())
	}
	return errors.Join(errs...)
}

type sqliteTx struct {
	stdQueryer
	tx     *sql.Tx
	client *river.Client[*sql.Tx]
}

func (t *sqliteTx) enqueue(ctx context.Context, job enqueued) (int64, error) {
	res, err := t.client.InsertTx(ctx, t.tx, job.args, job.opts())
	if err != nil {
		return 0, err
	}
	return res.Job.ID, nil
}

func (t *sqliteTx) commit(context.Context) error { return t.tx.Commit() }
func (t *sqliteTx) rollback(context.Context)     { _ = t.tx.Rollback() }

// stdQueryer is a queryer over database/sql.
type stdQueryer struct {
	db interface {
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	}
}

func (q stdQueryer) exec(ctx context.Context, text string, args ...any) (int64, error) {
	res, err := q.db.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (q stdQueryer) query(ctx context.Context, text string, args ...any) (rows, error) {
	rs, err := q.db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	return stdRows{rs}, nil
}

type stdRows struct{ *sql.Rows }

func (r stdRows) Close() { _ = r.Rows.Close() }
