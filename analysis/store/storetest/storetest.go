// Package storetest gives tests a real database of each kind: SQLite in a folder
// of the test, and PostgreSQL from the installed packages, started on a socket in
// a temporary folder for the time of the test. Benchmarks start one too. It imports the
// standard library and pgx.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Each runs a test on every kind of database, as a subtest of its own.
func Each(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// SQLite returns the URL of a new database file.
func SQLite(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "haldane.db") }

// Postgres returns the URL of a new, empty database on a server that lives as long
// as the test binary. Without PostgreSQL's programs the test is skipped, or fails
// where HALDANE_CI says that they must be there.
func Postgres(t testing.TB) string {
	t.Helper()
	srv, err := server()
	if err != nil {
		if os.Getenv("HALDANE_CI") != "" {
			t.Fatalf("PostgreSQL: %v", err)
		}
		t.Skipf("PostgreSQL: %v", err)
	}
	url, err := srv.Database(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// Main runs a package's tests and stops the server that they may have started.
// Call it from TestMain.
func Main(m *testing.M) {
	code := m.Run()
	if srv, err := server(); err == nil {
		srv.Stop()
	}
	os.Exit(code)
}

// Server is a PostgreSQL in a temporary folder.
type Server struct {
	mu   sync.Mutex
	made int
	dir  string
	cmd  *exec.Cmd
}

// server starts the one server of this test binary at its first call.
var server = sync.OnceValues(Start)

func (s *Server) url(db string) string {
	return "postgres:///" + db + "?user=postgres&host=" + s.dir
}

// PID is that of the server's first process, the parent of all others.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Database makes a new, empty database and returns its URL.
func (s *Server) Database(ctx context.Context) (string, error) {
	conn, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	s.mu.Lock()
	s.made++
	name := fmt.Sprintf("t%d", s.made)
	s.mu.Unlock()
	_, err = conn.Exec(ctx, "CREATE DATABASE "+name)
	return s.url(name), err
}

// Start starts a Server, which the caller stops.
func Start() (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "haldane-pg")
	if err != nil {
		return nil, err
	}
	attr, err := otherUser(dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-N", "--no-locale", "-E", "UTF8")
	initdb.SysProcAttr, initdb.Dir = attr, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	s := &Server{dir: dir}
	s.cmd = exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "max_connections=200")
	s.cmd.SysProcAttr, s.cmd.Dir = attr, dir
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	return s, s.wait()
}

func (s *Server) wait() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.url("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			s.Stop()
			return fmt.Errorf("postgres did not start: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Stop stops the server at once, and removes its folder.
func (s *Server) Stop() {
	_ = s.cmd.Process.Signal(syscall.SIGINT) // fast shutdown
	_ = s.cmd.Wait()
	_ = os.RemoveAll(s.dir)
}

func binaries() (string, error) {
	if p, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(p), nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", errors.New("initdb is not installed (apt-get install postgresql)")
	}
	return filepath.Dir(slices.Max(found)), nil
}

// otherUser gives the folder to the user postgres and returns how to become it:
// PostgreSQL refuses to run as root.
func otherUser(dir string) (*syscall.SysProcAttr, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, Pdeathsig: syscall.SIGKILL}, nil
}
