package store

import (
	"context"
	"fmt"
	"time"
)

// Replica is one running daemon.
type Replica struct {
	ID         string
	StartedAt  time.Time
	SeenAt     time.Time // by the database's clock, which all replicas share
	Version    string
	ConfigHash string
}

// Heartbeat says that a replica is alive, and forgets those that have not been for an
// hour. It writes, so it fails where nothing can be recorded any more; Conflict when a
// newer Haldane has changed the tables since, so that this one must not go on. It
// returns how far the database's clock is ahead of ours.
func (s *Store) Heartbeat(ctx context.Context, r Replica) (ahead time.Duration, err error) {
	if err := s.compatible(ctx); err != nil {
		return 0, err
	}
	asked := time.Now()
	err = s.Write(ctx, func(tx *Tx) error {
		asked = time.Now()
		rs, err := tx.t.query(ctx, fmt.Sprintf(`INSERT INTO replicas (id, started_at, seen_at, version, config_hash) VALUES ($1, $2, %s, $3, $4)
			ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, config_hash = excluded.config_hash RETURNING seen_at`, s.db.clock()),
			r.ID, millis(r.StartedAt), r.Version, r.ConfigHash)
		seen, _, err := first(rs, err, scalar[int64])
		if err != nil {
			return err
		}
		ahead = fromMillis(seen).Sub(asked.Add(time.Since(asked) / 2))
		_, err = tx.exec(ctx, `DELETE FROM replicas WHERE seen_at < $1`, seen-time.Hour.Milliseconds())
		return err
	})
	return ahead, err
}

// Leave forgets a replica that has given back all it had.
func (s *Store) Leave(ctx context.Context, id string) error {
	return s.Write(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `DELETE FROM replicas WHERE id = $1`, id)
		return err
	})
}

// Replicas returns the daemons seen within a time.
func (s *Store) Replicas(ctx context.Context, within time.Duration) ([]Replica, error) {
	rs, err := s.db.reader().query(ctx, fmt.Sprintf(`SELECT id, started_at, seen_at, version, config_hash FROM replicas
		WHERE seen_at >= %s - $1 ORDER BY started_at, id`, s.db.clock()), within.Milliseconds())
	all, err := collect(rs, err, func(rs rows) (r Replica, err error) {
		var started, seen int64
		err = rs.Scan(&r.ID, &started, &seen, &r.Version, &r.ConfigHash)
		r.StartedAt, r.SeenAt = fromMillis(started), fromMillis(seen)
		return r, err
	})
	return all, s.trouble("list replicas", err)
}

// TakeOver gives back, for anybody to take, the jobs of replicas that have not been
// seen for a time, and those that this one holds for longer than any may run: their end
// could not be recorded. It returns how many there were. That a replica was only paused
// does no harm: of two who do the same one commits.
func (s *Store) TakeOver(ctx context.Context, self string, unseen time.Duration) (int64, error) {
	n, err := s.db.takeOver(ctx, self, unseen)
	return n, s.trouble("take over jobs", err)
}
