package faults

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"

	"github.com/haldane-dev/haldane/analysis/store/storetest"
)

// world is what stands around the replicas of one round, and the replicas.
type world struct {
	opts     *Options
	dir      string // logs and config
	config   string
	sqlite   string // folder of the database, "" with PostgreSQL
	secrets  secrets
	releases []release

	metrics  *metrics
	receiver *receiver
	sources  *proxy   // to the metrics, of all replicas
	bases    []*proxy // to the database, of each replica
	hooks    []*proxy // to the receiver, of each replica
	postgres *storetest.Server
	replicas []*replica
	wrong    atomic.Int32 // clocks that are wrong
	clocks   []string     // files that say how wrong the wall clocks are

	cleanups []func()
}

// closing has something done when the round is over; the last comes first.
func (w *world) closing(f func()) { w.cleanups = append(w.cleanups, f) }

func (w *world) close() {
	for i := len(w.cleanups) - 1; i >= 0; i-- {
		w.cleanups[i]()
	}
	w.cleanups = nil
}

// build makes everything but the replicas' processes.
func build(ctx context.Context, o *Options, dir, binary string, postgres bool, rng *rand.Rand) (_ *world, err error) {
	w := &world{opts: o, dir: dir, secrets: plant(rng), config: filepath.Join(dir, "haldane.yaml")}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	w.metrics = newMetrics(w.secrets.metrics)
	w.receiver = &receiver{key: w.secrets.key(), rolledBack: w.metrics.rolledBack}
	at, err := w.serve(ctx, w.metrics, true)
	if err != nil {
		return nil, err
	}
	if w.sources, err = w.between(ctx, "tcp", at); err != nil {
		return nil, err
	}
	replicas := 1
	if postgres {
		replicas = o.Replicas
		err = w.startPostgres()
	} else {
		err = w.smallDisk()
	}
	if err != nil {
		return nil, err
	}
	keepAlive := rng.IntN(2) == 0
	for i := range replicas {
		if err := w.addReplica(ctx, i, binary, keepAlive); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// configure writes the config of the replicas.
func (w *world) configure() error {
	return os.WriteFile(w.config, []byte(configText(w.sources.addr(), w.releases, w.opts.Pace)), 0o600)
}

// serve serves a handler on loopback, and returns where.
func (w *world) serve(ctx context.Context, h http.Handler, keepAlive bool) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	s := server(l, h, keepAlive)
	w.closing(func() { _ = s.Close() })
	return l.Addr().String(), nil
}

// between puts a proxy in front of an address.
func (w *world) between(ctx context.Context, network, address string) (*proxy, error) {
	p, err := newProxy(ctx, to(network, address))
	if err == nil {
		w.closing(p.close)
	}
	return p, err
}

// postgresSettings: nothing here outlives the machine, so nothing need wait for its disk.
var postgresSettings = []string{"fsync=off", "max_connections=60", "logging_collector=on", "log_directory=log", "log_filename=postgres.log"}

func (w *world) startPostgres() (err error) {
	if w.postgres, err = storetest.Start(postgresSettings...); err != nil {
		return err
	}
	w.closing(w.postgres.Stop)
	return nil
}

// keepPostgresLog puts it beside the other logs.
func (w *world) keepPostgresLog() error {
	if w.postgres == nil {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(w.postgres.Data(), "log", "postgres.log"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(w.dir, "postgres.log"), text, 0o600) //nolint:gosec // a folder of our own
}

// smallDisk makes the folder of SQLite's database: a disk of its own that can be
// filled where we may mount one, and else a folder.
func (w *world) smallDisk() error {
	w.sqlite = filepath.Join(w.dir, "disk")
	if err := os.Mkdir(w.sqlite, 0o700); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return nil
	}
	if err := syscall.Mount("tmpfs", w.sqlite, "tmpfs", 0, fmt.Sprintf("size=%d", diskSize(w.opts.Runs))); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	w.closing(func() { _ = syscall.Unmount(w.sqlite, syscall.MNT_DETACH) })
	return nil
}

// diskSize leaves room for the runs of a round and a little more.
func diskSize(runs int) int { return 12<<20 + runs<<18 }

func (w *world) addReplica(ctx context.Context, number int, binary string, keepAlive bool) error {
	at, err := w.serve(ctx, w.receiver.from(number), keepAlive)
	if err != nil {
		return err
	}
	hook, err := w.between(ctx, "tcp", at)
	if err != nil {
		return err
	}
	w.hooks = append(w.hooks, hook)
	database := "sqlite:" + filepath.Join(w.sqlite, "haldane.db")
	if w.postgres != nil {
		base, err := w.between(ctx, "unix", w.postgres.Socket())
		if err != nil {
			return err
		}
		w.bases = append(w.bases, base)
		database = fmt.Sprintf("postgres://postgres:%s@%s/postgres?sslmode=disable", w.secrets.database, base.addr())
	}
	clock := filepath.Join(w.dir, fmt.Sprintf("clock-%d", number))
	w.clocks = append(w.clocks, clock)
	w.replicas = append(w.replicas, &replica{
		number: number, command: []string{binary, "serve", w.config}, logFile: filepath.Join(w.dir, fmt.Sprintf("replica-%d.log", number)),
		env: append(os.Environ(), "HALDANE_LISTEN=127.0.0.1:0", "HALDANE_LOG_FORMAT=json", "HALDANE_LOG_LEVEL="+slog.LevelDebug.String(),
			"HALDANE_DATABASE="+database, "API_TOKEN_SHA256="+w.secrets.apiHash(), "PROM_TOKEN="+w.secrets.metrics,
			"HOOK="+hook.addr(), "HOOK_SECRET="+w.secrets.hookSecret(), clockVariable+"="+clock),
	})
	return nil
}
