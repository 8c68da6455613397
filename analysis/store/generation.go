package store

import (
	"context"
	"io/fs"
	"strconv"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

// Migrations are numbered in generations of a thousand. Within a generation they only
// add, columns with a default: an older Haldane goes on beside a newer one while replicas are replaced one
// after the other. A change that an older one could not live with begins the next
// generation (01001_name.sql), River's tables included: then an older one refuses to
// start, and one that runs stops working within a heartbeat and says so.
const generation = 1000

// newest is the highest migration that this binary knows.
func newest() int64 {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(names) == 0 {
		panic("store: no migrations") // they are embedded
	}
	number, _, _ := strings.Cut(strings.TrimPrefix(names[len(names)-1], "migrations/"), "_")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		panic("store: " + err.Error())
	}
	return n
}

// compatible is nil when this binary can work with the tables as they are: Conflict
// when they are of a later generation, and nothing is written from then on.
func (s *Store) compatible(ctx context.Context) error {
	rs, err := s.db.reader().query(ctx, `SELECT max(version_id) FROM goose_db_version WHERE is_applied`)
	at, _, err := first(rs, err, scalar[int64])
	if err != nil {
		return s.trouble("read its version", err)
	}
	if known := newest(); at/generation > known/generation {
		newer := analysis.Errorf(analysis.Conflict, "database: a newer Haldane has changed its tables (version %d), this one knows them up to %d", at, known).
			WithHint("the newer Haldane here, too; or a database of its own")
		s.newer.Store(newer)
		return newer
	}
	return nil
}
