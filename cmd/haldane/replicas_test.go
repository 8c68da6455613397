package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store/storetest"
)

// replica is one of several daemons that share a database.
type replica struct {
	*outside
	cmd *exec.Cmd
	url string
	out *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// replica starts a daemon on a database, and does not wait until it works.
func (o *outside) replica(database string, env ...string) *replica {
	o.Helper()
	path := filepath.Join(o.dir, "haldane.yaml")
	text := fmt.Sprintf(processConfig, o.prom.URL, o.tool.URL+"/undo", o.tool.URL+"/tell")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		o.Fatal(err)
	}
	return o.replicaOf(path, database, env...)
}

func (o *outside) replicaOf(path, database string, env ...string) *replica {
	o.Helper()
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		o.Fatal(err)
	}
	address := port.Addr().String()
	_ = port.Close()
	r := &replica{outside: o, url: "http://" + address, out: &lockedBuffer{}}
	r.cmd = exec.Command(os.Args[0], "serve", path)
	r.cmd.Env = append(os.Environ(), asDaemon+"=1", "HALDANE_LISTEN="+address, "HALDANE_LOG_FORMAT=json", "HALDANE_DATABASE="+database)
	r.cmd.Env = append(r.cmd.Env, env...)
	r.cmd.Stderr = r.out
	if err := r.cmd.Start(); err != nil {
		o.Fatal(err)
	}
	o.Cleanup(func() {
		r.end(syscall.SIGKILL)
		if o.Failed() {
			o.Logf("the log of %s:\n%s", r.url, r.out)
		}
	})
	return r
}

// up waits until the replica works.
func (r *replica) up() *replica {
	r.Helper()
	until(r.T, "up", func() (string, bool) {
		l := r.out.String()
		return l, strings.Contains(l, `"msg":"haldane is up"`)
	})
	return r
}

func (r *replica) signal(sig syscall.Signal) {
	r.Helper()
	if err := r.cmd.Process.Signal(sig); err != nil {
		r.Fatal(err)
	}
}

// end sends a signal, waits for the end and returns the exit status.
func (r *replica) end(sig syscall.Signal) int {
	if r.cmd.ProcessState == nil {
		_ = r.cmd.Process.Signal(syscall.SIGCONT)
		_ = r.cmd.Process.Signal(sig)
		_ = r.cmd.Wait()
	}
	return r.cmd.ProcessState.ExitCode()
}

// at makes the calls of the world go to this replica.
func (r *replica) at() *outside {
	r.outside.url = r.url
	return r.outside
}

// get returns the status and the text of a reply, 0 when there is none.
func (r *replica) get(path string) (int, string) {
	resp, err := http.Get(r.url + path)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b)
}

// ready waits until /readyz says so, or says why not.
func (r *replica) ready(status int, word string) {
	r.Helper()
	type reply struct {
		status int
		text   string
	}
	until(r.T, fmt.Sprintf("%d %s", status, word), func() (reply, bool) {
		s, text := r.get("/readyz")
		return reply{s, text}, s == status && strings.Contains(text, word)
	})
	if s, text := r.get("/healthz"); s != http.StatusOK {
		r.Errorf("/healthz says %d %s", s, text)
	}
}

// ownPostgres is a server of the test's own, with an empty database.
func ownPostgres(t *testing.T, settings ...string) (*storetest.Server, string) {
	t.Helper()
	pg := storetest.NewServer(t)
	pg.Up(t, settings...)
	pg.Do(t, "postgres", "CREATE DATABASE haldane")
	return pg, pg.URL("haldane")
}

func TestReplicasStartTogether(t *testing.T) {
	t.Parallel()
	o := newOutside(t)
	_, url := ownPostgres(t)
	a, b, c := o.replica(url), o.replica(url), o.replica(url)
	for _, r := range []*replica{a, b, c} {
		r.up().ready(http.StatusOK, "ready")
	}
	o.sick("bad")
	good, bad, third := a.at().begin("shop", "good"), b.at().begin("queued", "bad"), c.at().begin("shop", "other")
	if s := b.at().call("POST", "/api/v1/runs/"+third.ID+"/cancel", "{}", nil); s != http.StatusOK {
		t.Errorf("cancel on another replica: %d", s)
	}
	if r := c.at().until(bad.ID, "rolled back", accepted); *r.Outcome != analysis.OutcomeFail {
		t.Errorf("the bad release: %+v", r)
	}
	if r := a.at().until(good.ID, "over", over); r.Rollback.State != analysis.RollbackNone {
		t.Errorf("the good release: %+v", r.Rollback)
	}
	if r := a.at().run(third.ID); r.Status != analysis.StatusCancelled {
		t.Errorf("cancelled on one, on the other it is %s", r.Status)
	}
	if ids := o.rollbacks(); len(ids) != 1 {
		t.Errorf("rollbacks %v", ids)
	}
	for _, r := range []*replica{a, b, c} {
		if s, page := r.get("/runs/" + bad.ID); s != http.StatusOK || !strings.Contains(page, "bad") {
			t.Errorf("the page on %s: %d", r.url, s)
		}
	}
}

func TestReplicasWithDifferentConfigs(t *testing.T) {
	t.Parallel()
	o := newOutside(t)
	_, url := ownPostgres(t)
	a := o.replica(url).up()
	text, err := os.ReadFile(filepath.Join(o.dir, "haldane.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(o.dir, "other.yaml")
	if err := os.WriteFile(other, append(text, "  - name: more\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	b := o.replicaOf(other, url).up()
	const words = "1 of 2 replicas run with another config"
	for _, r := range []*replica{a, b} {
		r.ready(http.StatusOK, words)
		if _, page := r.get("/"); !strings.Contains(page, words) {
			t.Errorf("no banner on %s", r.url)
		}
		if _, m := r.get("/metrics"); !strings.Contains(m, "haldane_config_mismatch 1") {
			t.Errorf("no metric on %s", r.url)
		}
	}
	if status := b.end(syscall.SIGTERM); status != 0 {
		t.Errorf("exit status %d", status)
	}
	until(t, "alone again", func() (string, bool) { _, page := a.get("/readyz"); return page, page == "ready\n" })
}

// TestKilledDuringMigration kills replicas over the changes of the tables, again and
// again; the next goes on where they were left.
func TestKilledDuringMigration(t *testing.T) {
	t.Parallel()
	o := newOutside(t)
	pg, url := ownPostgres(t)
	pg.Do(t, "haldane",
		"CREATE SCHEMA slow", "CREATE SEQUENCE slow.changes",
		`CREATE FUNCTION slow.wait() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
			PERFORM nextval('slow.changes'); PERFORM pg_sleep(0.02); END $$`,
		"CREATE EVENT TRIGGER slow ON ddl_command_start EXECUTE FUNCTION slow.wait()")
	changes := func() (n int) {
		pg.One(t, "haldane", &n, "SELECT last_value FROM slow.changes")
		return n
	}
	for _, more := range []int{1, 7, 12, 9, 15} {
		before := changes()
		r, other := o.replica(url), o.replica(url)
		until(t, "changing tables", func() (int, bool) { n := changes(); return n, n >= before+more })
		r.end(syscall.SIGKILL)
		other.end(syscall.SIGKILL)
		if strings.Contains(r.out.String(), "haldane is up") {
			t.Fatal("it was up before it was killed: this test tests nothing")
		}
	}
	a, b := o.replica(url), o.replica(url)
	a.up()
	b.up()
	o.sick("2")
	run := a.at().begin("shop", "2")
	b.at().until(run.ID, "rolled back", accepted)
}

func TestReplicaWaitsForItsDatabase(t *testing.T) {
	t.Parallel()
	o := newOutside(t)
	pg := storetest.NewServer(t)
	url := pg.URL("haldane")
	r := o.replica(url)
	r.ready(http.StatusServiceUnavailable, "no server listens at its socket")
	pg.Up(t)
	r.ready(http.StatusServiceUnavailable, "it does not exist")
	if s, text := r.get("/api/v1/runs"); s != http.StatusServiceUnavailable || !strings.Contains(text, "it does not exist") {
		t.Errorf("the API says %d %s", s, text)
	}
	if strings.Contains(r.out.String(), "haldane is up") {
		t.Error("it is up without a database")
	}
	pg.Do(t, "postgres", "CREATE DATABASE haldane")
	r.up().ready(http.StatusOK, "ready")

	if err := os.WriteFile(filepath.Join(pg.Data(), "pg_hba.conf"), []byte("local all locked scram-sha-256\nlocal all all trust\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	pg.Do(t, "haldane", "CREATE ROLE locked LOGIN PASSWORD 'other'", "GRANT ALL ON DATABASE haldane TO locked", "SELECT pg_reload_conf()")
	out := o.replica(strings.Replace(url, "user=postgres", "user=locked&password=secret-word", 1))
	out.ready(http.StatusServiceUnavailable, "the user or password is refused")
	if status := out.end(syscall.SIGTERM); status != 0 {
		t.Errorf("asked to stop while it waits: exit status %d", status)
	}
	if strings.Contains(out.out.String(), "secret-word") {
		t.Error("the password is in the log")
	}
	wrong := o.replica("postgres://haldane:secret-word@[bad/haldane")
	if status := wrong.end(syscall.Signal(0)); status == 0 || strings.Contains(wrong.out.String(), "secret-word") {
		t.Errorf("a URL that is not understood: exit status %d, %s", status, wrong.out)
	}
}

func TestOlderReplicaBesideANewer(t *testing.T) {
	t.Parallel()
	o := newOutside(t)
	pg, url := ownPostgres(t)
	r := o.replica(url).up()
	// What a newer release would have written: additions, of ours and of River.
	pg.Do(t, "haldane", "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, true)",
		"INSERT INTO river_migration (line, version) VALUES ('main', 99)", "ALTER TABLE runs ADD COLUMN newer TEXT")
	again := o.replica(url).up()
	run := again.at().begin("shop", "2")
	r.at().until(run.ID, "over", over)

	pg.Do(t, "haldane", "INSERT INTO goose_db_version (version_id, is_applied) VALUES (1001, true)")
	for _, old := range []*replica{r, again} {
		old.ready(http.StatusServiceUnavailable, "a newer Haldane has changed its tables")
		if s := old.at().call("POST", "/api/v1/runs", `{"plan":"shop","version":"3","baseline_version":"1"}`, nil); s != http.StatusConflict {
			t.Errorf("it began a run: %d", s)
		}
		if status := old.end(syscall.SIGTERM); status != 0 {
			t.Errorf("exit status %d", status)
		}
	}
	late := o.replica(url)
	if status := late.end(syscall.Signal(0)); status == 0 || !strings.Contains(late.out.String(), "a newer Haldane") {
		t.Errorf("exit status %d: %s", status, late.out)
	}
}
