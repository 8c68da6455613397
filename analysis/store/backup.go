package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"modernc.org/sqlite"

	"github.com/haldane-dev/haldane/analysis"
)

// Backup is a copy of a database that was made and found sound.
type Backup struct {
	File  string
	Bytes int64
	Runs  int
	Open  int       // of them have not ended
	Last  time.Time // when the newest of them was started; zero without runs
	Took  time.Duration
}

// BackUp copies an SQLite database into a file while a daemon works on it. The copy is the
// database as it was when the copying began. Only reading is needed for it, no lock that
// the daemon would have to give up: the daemon goes on writing, its log (-wal) grows
// meanwhile.
//
// The file has mode 0600. It appears whole or not at all: what is written is named
// .FILE-* in the same folder until it is on the disk and has been checked. A file that is
// there already is replaced only by force.
//
// Errors: Invalid for a database that is no file; NotFound when there is none; Conflict
// when the file is there already; Unavailable for trouble with the disk.
func BackUp(ctx context.Context, databaseURL, file string, force bool) (b Backup, err error) {
	began := time.Now()
	source, err := sqliteFile(databaseURL)
	if err != nil {
		return b, err
	}
	if b.File, err = filepath.Abs(file); err != nil {
		return b, err
	}
	if err := checkBackup(source, b.File, force); err != nil {
		return b, err
	}
	// Made by us, so that it is never readable by others; SQLite takes an empty file.
	temporary, err := os.CreateTemp(filepath.Dir(b.File), "."+filepath.Base(b.File)+"-*")
	if err != nil {
		return b, analysis.Errorf(analysis.Unavailable, "backup: folder %s cannot be written", filepath.Dir(b.File)).
			WithHint("check the folder's owner and mode, and that the disk is neither full nor read-only").Because(err)
	}
	name := temporary.Name()
	defer func() {
		_ = os.Remove(name)
		_ = os.Remove(name + "-journal")
	}()
	if err = temporary.Close(); err != nil {
		return b, backupTrouble("write "+b.File, err)
	}
	if err := copyInto(ctx, source, name); err != nil {
		return b, err
	}
	if err := b.check(ctx, name); err != nil {
		return b, err
	}
	if err := place(name, b.File, force); err != nil {
		return b, err
	}
	b.Took = time.Since(began)
	return b, nil
}

// sqliteFile is the path of the file behind a database's URL.
func sqliteFile(databaseURL string) (string, error) {
	path, ok := strings.CutPrefix(databaseURL, "sqlite:")
	switch {
	case !ok:
		return "", analysis.Errorf(analysis.Invalid, "backup: the database is PostgreSQL, which has its own way").
			WithHint(`pg_dump --format=custom --file=haldane.dump "$HALDANE_DATABASE"`)
	case path == ":memory:":
		return "", analysis.Errorf(analysis.Invalid, "backup: the database is in the memory of its daemon, it has no file").
			WithHint("HALDANE_DATABASE=sqlite:haldane.db")
	}
	return filepath.Abs(path)
}

// checkBackup finds what is wrong before anything is copied.
func checkBackup(source, file string, force bool) error {
	from, err := os.Stat(source)
	if errors.Is(err, fs.ErrNotExist) {
		return analysis.Errorf(analysis.NotFound, "backup: there is no database %s", source).
			WithHint("HALDANE_DATABASE as the daemon has it, such as sqlite:/var/lib/haldane/haldane.db")
	}
	if err != nil {
		return backupTrouble("read "+source, err)
	}
	if !isDir(filepath.Dir(file)) {
		return analysis.Errorf(analysis.Invalid, "backup: folder %s does not exist", filepath.Dir(file))
	}
	to, err := os.Lstat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return backupTrouble("write "+file, err)
	}
	if target, err := os.Stat(file); err == nil && os.SameFile(from, target) || isDatabasePart(source, file) {
		return analysis.Errorf(analysis.Invalid, "backup: %s is the database itself", file).WithHint("another file")
	}
	if !to.Mode().IsRegular() {
		return analysis.Errorf(analysis.Invalid, "backup: %s is no ordinary file", file).WithHint("a file that does not exist yet")
	}
	if !force {
		return there(file)
	}
	return nil
}

// isDatabasePart reports whether a file is one of those that SQLite and the daemon keep
// beside a database.
func isDatabasePart(source, file string) bool {
	suffix, ok := strings.CutPrefix(file, source)
	return ok && (suffix == "" || suffix == "-wal" || suffix == "-shm" || suffix == "-journal" || suffix == ".lock")
}

func there(file string) error {
	return analysis.Errorf(analysis.Conflict, "backup: %s exists already", file).WithHint("another name, or --force to replace it")
}

// copyInto copies what one reader of the database sees. The pages are written in order
// and without holes: the copy is as small as it can be.
func copyInto(ctx context.Context, source, name string) error {
	db, err := openPool(dataSource(source)+onlyReading, 1)
	if err != nil {
		return backupTrouble("read "+source, err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(ctx, `SELECT count(*) FROM runs`); err != nil {
		return notOurs(source, err)
	}
	if _, err := db.ExecContext(ctx, `VACUUM INTO $1`, name); err != nil {
		return backupTrouble("copy "+source, err)
	}
	// SQLite leaves this to us.
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err == nil {
		err = errors.Join(f.Sync(), f.Close())
	}
	if err != nil {
		return backupTrouble("write "+name, err)
	}
	return nil
}

// onlyReading are the parameters of a connection that changes nothing. It may write other
// files than its own, so it is not query_only.
const onlyReading = "mode=ro&_pragma=busy_timeout(10000)&_pragma=temp_store(2)"

// check reads the whole copy: it is sound, nothing refers to what is not there.
func (b *Backup) check(ctx context.Context, name string) error {
	db, err := openPool(dataSource(name)+onlyReading+"&immutable=1", 1)
	if err != nil {
		return backupTrouble("read the copy", err)
	}
	defer func() { _ = db.Close() }()
	for _, ask := range []string{`PRAGMA quick_check(1)`, `SELECT "table" FROM pragma_foreign_key_check LIMIT 1`} {
		var found string
		err := db.QueryRowContext(ctx, ask).Scan(&found)
		if errors.Is(err, sql.ErrNoRows) || err == nil && found == "ok" {
			continue
		}
		if err != nil {
			return backupTrouble("read the copy", err)
		}
		return analysis.Errorf(analysis.Internal, "backup: the copy is not sound: %s", found).
			WithHint("sqlite3 DATABASE 'PRAGMA integrity_check': the database itself may be damaged")
	}
	var last *int64
	err = db.QueryRowContext(ctx, `SELECT count(*), count(CASE WHEN status IN ('pending', 'running') THEN 1 END), max(created_at) FROM runs`).
		Scan(&b.Runs, &b.Open, &last)
	if err != nil {
		return backupTrouble("read the copy", err)
	}
	b.Last = zeroTime(last)
	st, err := os.Stat(name)
	if err != nil {
		return backupTrouble("read the copy", err)
	}
	b.Bytes = st.Size()
	return nil
}

// place gives a finished copy its name, and makes sure that the folder remembers it.
func place(name, file string, force bool) error {
	var err error
	if force {
		err = os.Rename(name, file)
	} else {
		// A link fails where a rename would replace what came meanwhile. Not every disk has
		// them.
		if err = os.Link(name, file); errors.Is(err, fs.ErrExist) {
			return there(file)
		}
		if err != nil {
			if _, exists := os.Lstat(file); exists == nil {
				return there(file)
			}
			err = os.Rename(name, file)
		}
	}
	if err != nil {
		return backupTrouble("write "+file, err)
	}
	if runtime.GOOS == "windows" { // it keeps folders by itself
		return nil
	}
	dir, err := os.Open(filepath.Dir(file))
	if err == nil {
		err = errors.Join(dir.Sync(), dir.Close())
	}
	if err != nil {
		return backupTrouble("write "+file, err)
	}
	return nil
}

func notOurs(source string, err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) && strings.Contains(err.Error(), "no such table") {
		return analysis.Errorf(analysis.Invalid, "backup: %s is no database of Haldane", source).Because(err)
	}
	return backupTrouble("read "+source, err)
}

// backupTrouble says why a file could not be read or written.
func backupTrouble(what string, err error) error {
	words, _ := (*sqliteDB)(nil).explain(err)
	var e *fs.PathError
	if words == "" && errors.As(err, &e) {
		words = e.Err.Error()
	}
	if words == "" {
		words = analysis.AsError(err).Message
	}
	return analysis.Errorf(analysis.Unavailable, "backup: cannot %s: %s", what, words).Because(err)
}
