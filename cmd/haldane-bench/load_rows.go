package main

import (
	"context"
	"database/sql"
	"os"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // opens PostgreSQL by database/sql
	_ "modernc.org/sqlite"             // opens SQLite by database/sql
)

// loadDB reads a daemon's database from outside. It reads few columns of few tables, and
// writes nothing.
type loadDB struct {
	*sql.DB
	file string // of SQLite
}

func openLoadDB(ctx context.Context, url string) (*loadDB, error) {
	db := &loadDB{}
	var err error
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		db.file = path
		db.DB, err = sql.Open("sqlite", "file:"+path+"?mode=ro&_pragma=busy_timeout(10000)")
	} else {
		db.DB, err = sql.Open("pgx", url)
	}
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, db.PingContext(ctx)
}

// size is that of the whole database in bytes.
func (db *loadDB) size(ctx context.Context) (n int64, err error) {
	if db.file == "" {
		return n, db.QueryRowContext(ctx, "SELECT pg_database_size(current_database())").Scan(&n)
	}
	for _, name := range []string{db.file, db.file + "-wal"} {
		st, err := os.Stat(name)
		if err == nil {
			n += st.Size()
		} else if !os.IsNotExist(err) {
			return n, err
		}
	}
	return n, nil
}

// overdue counts the runs whose next look was due before a time.
func (db *loadDB) overdue(ctx context.Context, before time.Time) (n int, err error) {
	return n, db.QueryRowContext(ctx, "SELECT count(*) FROM runs WHERE status = 'running' AND next_look_at < $1", before.UnixMilli()).Scan(&n)
}

// watched counts the good runs that go on.
func (db *loadDB) watched(ctx context.Context) (n int, err error) {
	return n, db.QueryRowContext(ctx, "SELECT count(*) FROM runs WHERE status = 'running' AND plan LIKE $1", goodPrefix+"%").Scan(&n)
}

// taken counts all looks that began in a time.
func (db *loadDB) taken(ctx context.Context, from, to time.Time) (n int, err error) {
	return n, db.QueryRowContext(ctx, "SELECT count(*) FROM looks WHERE at >= $1 AND at < $2", from.UnixMilli(), to.UnixMilli()).Scan(&n)
}

// looks reads how late the looks of good runs that go on began, of all that were due in a
// time, and how long each took.
func (db *loadDB) looks(ctx context.Context, from, to time.Time) (late, took []time.Duration, err error) {
	rows, err := db.QueryContext(ctx, `SELECT l.at - l.due_at, l.took_us FROM looks l JOIN runs r ON r.id = l.run_id
		WHERE l.due_at >= $1 AND l.due_at < $2 AND r.status = 'running' AND r.plan LIKE $3`,
		from.UnixMilli(), to.UnixMilli(), goodPrefix+"%")
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var lateMs, tookUs int64
		if err := rows.Scan(&lateMs, &tookUs); err != nil {
			return nil, nil, err
		}
		late = append(late, time.Duration(lateMs)*time.Millisecond)
		took = append(took, time.Duration(tookUs)*time.Microsecond)
	}
	return late, took, rows.Err()
}
