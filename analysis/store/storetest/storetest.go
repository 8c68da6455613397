// Package storetest gives tests a real database of each kind: SQLite in a folder
// of the test, and PostgreSQL from the installed packages, started on a socket in
// a temporary folder for the time of the test. Benchmarks start one too, and tests that
// break theirs. It imports the standard library and pgx.
package storetest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
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
		missing(t, err)
	}
	url, err := srv.Database(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return url
}

func missing(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("HALDANE_CI") != "" {
		t.Fatalf("PostgreSQL: %v", err)
	}
	t.Skipf("PostgreSQL: %v", err)
}

// Main runs a package's tests and stops the server that they may have started.
// Call it from TestMain.
func Main(m *testing.M) {
	code := m.Run()
	if shared != nil {
		shared.Stop()
	}
	os.Exit(code)
}

// shared is the one server of this test binary, once a test has asked for it.
var shared *Server

// server starts the shared server at its first call.
var server = sync.OnceValues(func() (*Server, error) {
	s, err := Start()
	shared = s
	return s, err
})
