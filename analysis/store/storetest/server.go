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

// Server is a PostgreSQL in a temporary folder.
type Server struct {
	mu   sync.Mutex
	made int
	dir  string
	attr *syscall.SysProcAttr // how to become the user that it runs as
	cmd  *exec.Cmd            // nil while it does not run
}

// Start starts a Server with further settings, as Launch; the caller stops it.
func Start(settings ...string) (*Server, error) {
	s, err := newServer()
	if err != nil {
		return nil, err
	}
	return s, s.Launch(settings...)
}

// NewServer makes a server for one test, which may break it. It does not run yet.
func NewServer(t testing.TB) *Server {
	t.Helper()
	s, err := newServer()
	if err != nil {
		missing(t, err)
	}
	t.Cleanup(s.Stop)
	return s
}

func newServer() (*Server, error) {
	if _, err := binaries(); err != nil {
		return nil, err
	}
	s := &Server{}
	if err := s.settle(); err != nil {
		return nil, err
	}
	return s, s.program("initdb", "-D", s.Data(), "-U", "postgres", "-A", "trust", "-N", "--no-locale", "-E", "UTF8")
}

// settle makes the folder.
func (s *Server) settle() (err error) {
	if s.dir, err = os.MkdirTemp("", "haldane-pg"); err == nil {
		s.attr, err = otherUser(s.dir)
	}
	return err
}

// Standby makes a second server that follows this one. It does not run yet.
func (s *Server) Standby(t testing.TB) *Server {
	t.Helper()
	other := &Server{}
	if err := other.settle(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Stop)
	if err := other.program("pg_basebackup", "-D", other.Data(), "-R", "-X", "stream", "--checkpoint=fast", "-U", "postgres", "-h", s.dir); err != nil {
		t.Fatal(err)
	}
	return other
}

// URL is the address of one of its databases.
func (s *Server) URL(db string) string {
	return "postgres:///" + db + "?user=postgres&host=" + s.dir
}

// Data is the folder of its files.
func (s *Server) Data() string { return filepath.Join(s.dir, "data") }

// Socket is the path of its socket.
func (s *Server) Socket() string { return filepath.Join(s.dir, ".s.PGSQL.5432") }

// PID is that of the server's first process, the parent of all others.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Database makes a new, empty database and returns its URL.
func (s *Server) Database(ctx context.Context) (string, error) {
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	s.mu.Lock()
	s.made++
	name := fmt.Sprintf("t%d", s.made)
	s.mu.Unlock()
	_, err = conn.Exec(ctx, "CREATE DATABASE "+name)
	return s.URL(name), err
}

// Up is Launch for a test, which fails when it does.
func (s *Server) Up(t testing.TB, settings ...string) {
	t.Helper()
	if err := s.Launch(settings...); err != nil {
		t.Fatal(err)
	}
}

// Down ends it: with SIGINT it cuts connections and shuts down, with SIGQUIT it ends as in
// a crash. Its files stay.
func (s *Server) Down(sig os.Signal) {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(sig)
	_ = s.cmd.Wait()
	s.cmd = nil
}

// Stop stops the server at once, and removes its folder.
func (s *Server) Stop() {
	s.Down(syscall.SIGINT) // fast shutdown
	_ = os.RemoveAll(s.dir)
}

// Do runs SQL as the superuser.
func (s *Server) Do(t testing.TB, db string, statements ...string) {
	t.Helper()
	s.as(t, db, func(ctx context.Context, conn *pgx.Conn) {
		for _, text := range statements {
			if _, err := conn.Exec(ctx, text); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		}
	})
}

// One reads one value as the superuser.
func (s *Server) One(t testing.TB, db string, into any, query string) {
	t.Helper()
	s.as(t, db, func(ctx context.Context, conn *pgx.Conn) {
		if err := conn.QueryRow(ctx, query).Scan(into); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	})
}

func (s *Server) as(t testing.TB, db string, do func(ctx context.Context, conn *pgx.Conn)) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, s.URL(db))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	do(ctx, conn)
}

// program runs one of PostgreSQL's programs as the server's user.
func (s *Server) program(name string, args ...string) error {
	bin, err := binaries()
	if err != nil {
		return err
	}
	cmd := exec.Command(filepath.Join(bin, name), args...)
	cmd.SysProcAttr, cmd.Dir = s.attr, s.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}

// Launch starts it, with further settings such as "max_connections=20", and waits until it
// answers.
func (s *Server) Launch(settings ...string) error {
	bin, err := binaries()
	if err != nil {
		return err
	}
	args := []string{"-D", s.Data(), "-k", s.dir, "-c", "listen_addresses="}
	for _, set := range append([]string{"max_connections=200"}, settings...) {
		args = append(args, "-c", set)
	}
	s.cmd = exec.Command(filepath.Join(bin, "postgres"), args...)
	s.cmd.SysProcAttr, s.cmd.Dir = s.attr, s.dir
	if err := s.cmd.Start(); err != nil {
		return err
	}
	return s.wait()
}

func (s *Server) wait() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
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

func binaries() (string, error) {
	if p, err := exec.LookPath("initdb"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil { // the others lie beside it, not beside a link
			return filepath.Dir(p), nil
		}
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
