package store

import (
	"context"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/haldane-dev/haldane/analysis"
)

// How long PostgreSQL may take. Whatever the URL says itself comes first.
const (
	// connectWithin is for a server that does not answer at all.
	connectWithin = 5 * time.Second
	// statementWithin ends a statement whose caller set no time of its own. Without
	// it a server that is gone without a word, as after a fail-over of its address,
	// would be waited for until the kernel gives up: a quarter of an hour.
	statementWithin = 30 * time.Second
	// serverParams let the server end what nobody waits for any more: above all the
	// transaction of a replica that was paused in it and holds the lock of a row.
	serverStatement, serverIdleInTx, serverLock = "60s", "30s", "10s"
	// poolConns is enough for the workers' short transactions; three replicas stay
	// well below the hundred connections that PostgreSQL has by default.
	poolConns = 16
)

// postgresConfig reads the URL and fills in what it leaves open.
func postgresConfig(url string) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		// pgx quotes the URL, password and all.
		return nil, analysis.Errorf(analysis.Invalid, "database: its URL is not understood").
			WithHint("postgres://user:password@host:5432/name?sslmode=verify-full")
	}
	if !strings.Contains(url, "pool_max_conns") {
		cfg.MaxConns = poolConns
	}
	if cfg.ConnConfig.ConnectTimeout == 2*time.Minute { // what pgx takes when nobody says anything
		cfg.ConnConfig.ConnectTimeout = connectWithin
	}
	cfg.HealthCheckPeriod, cfg.PingTimeout = 15*time.Second, connectWithin
	for name, value := range map[string]string{
		"application_name":                    "haldane",
		"statement_timeout":                   serverStatement,
		"idle_in_transaction_session_timeout": serverIdleInTx,
		"lock_timeout":                        serverLock,
	} {
		if _, said := cfg.ConnConfig.RuntimeParams[name]; !said {
			cfg.ConnConfig.RuntimeParams[name] = value
		}
	}
	if len(cfg.ConnConfig.Fallbacks) > 0 && cfg.ConnConfig.ValidateConnect == nil && hosts(cfg.ConnConfig) > 1 {
		// Of several servers only the one that can be written to is of use.
		cfg.ConnConfig.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	cfg.ConnConfig.DialFunc = (&net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3,
	}}).DialContext
	cfg.ConnConfig.Tracer = deadlines{}
	return cfg, nil
}

// hosts counts the servers of a URL; one may be listed twice, with TLS and without.
func hosts(c *pgx.ConnConfig) int {
	seen := map[string]bool{c.Host: true}
	for _, f := range c.Fallbacks {
		seen[f.Host] = true
	}
	return len(seen)
}

// deadlines gives every statement an end, those of River's loops too, which have none.
type deadlines struct{}

type deadlineKey struct{}

// TraceQueryStart implements pgx.QueryTracer.
func (deadlines) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	if _, has := ctx.Deadline(); has {
		return ctx
	}
	ctx, cancel := context.WithTimeout(ctx, statementWithin)
	return context.WithValue(ctx, deadlineKey{}, cancel)
}

// TraceQueryEnd implements pgx.QueryTracer.
func (deadlines) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	if cancel, ok := ctx.Value(deadlineKey{}).(context.CancelFunc); ok {
		cancel()
	}
}
