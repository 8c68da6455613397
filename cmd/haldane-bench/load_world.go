package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/haldane-dev/haldane/analysis/store/storetest"
)

// loadWorld is what a load needs: the daemons, each a process, and around them a Prometheus
// stand-in, a deploy tool, and a database in a folder that goes when the world does.
type loadWorld struct {
	dir     string
	hook    *loadHook
	tool    *httptest.Server
	prom    *exec.Cmd
	promURL string
	server  *storetest.Server // nil with SQLite
	db      *loadDB
	dbURL   string
	daemons []*loadDaemon
	keep    bool
}

func openLoadWorld(ctx context.Context, o *loadOptions, c loadCase) (w *loadWorld, err error) {
	w = &loadWorld{hook: &loadHook{arrived: map[string]int{}}, keep: o.keep}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if w.dir, err = os.MkdirTemp(o.dir, "haldane-load"); err != nil {
		return w, err
	}
	w.tool = httptest.NewServer(w.hook)
	if err := w.startPrometheus(ctx); err != nil {
		return w, err
	}
	w.dbURL = "sqlite:" + filepath.Join(w.dir, "haldane.db")
	if c.Database == "postgres" {
		if w.server, err = storetest.Start(); err != nil {
			return w, err
		}
		if w.dbURL, err = w.server.Database(ctx); err != nil {
			return w, err
		}
	}
	binary := o.binary
	if binary == "" {
		if binary, err = buildHaldane(ctx, w.dir); err != nil {
			return w, err
		}
	}
	file := filepath.Join(w.dir, "haldane.yaml")
	if err := os.WriteFile(file, []byte(o.config(c, w.promURL, w.tool.URL)), 0o600); err != nil {
		return w, err
	}
	for i := range c.Replicas {
		d, err := newLoadDaemon(ctx, binary, file, w.dbURL, filepath.Join(w.dir, fmt.Sprintf("log%d", i)), o.profile != "")
		if err != nil {
			return w, err
		}
		w.daemons = append(w.daemons, d)
		if _, err := d.start(ctx); err != nil {
			return w, err
		}
	}
	w.db, err = openLoadDB(ctx, w.dbURL)
	return w, err
}

// buildHaldane builds the daemon as it ships.
func buildHaldane(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "haldane")
	build := exec.CommandContext(ctx, "go", "build", "-o", path, "github.com/haldane-dev/haldane/cmd/haldane") //nolint:gosec // into a folder of ours
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return path, nil
}

// startPrometheus runs this program once more, as the stand-in.
func (w *loadWorld) startPrometheus(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	w.prom = exec.CommandContext(ctx, self, loadPrometheusName) //nolint:gosec // this program
	w.prom.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := w.prom.StdoutPipe()
	if err != nil {
		return err
	}
	if err := w.prom.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	w.promURL = strings.TrimSpace(line)
	return err
}

// queries asks the stand-in how many it has answered.
func (w *loadWorld) queries(ctx context.Context) (int64, error) {
	b, err := fetch(ctx, w.promURL+countPage)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(string(b), 10, 64)
}

// slowDown makes the stand-in's answers come later.
func (w *loadWorld) slowDown(ctx context.Context, by time.Duration) error {
	_, err := fetch(ctx, w.promURL+delayPage+by.String())
	return err
}

func (w *loadWorld) close() {
	for _, d := range w.daemons {
		_, _ = d.stop()
	}
	if w.db != nil {
		_ = w.db.Close()
	}
	if w.server != nil {
		w.server.Stop()
	}
	if w.prom != nil && w.prom.Process != nil {
		_ = w.prom.Process.Kill()
		_ = w.prom.Wait()
	}
	if w.tool != nil {
		w.tool.Close()
	}
	if w.dir != "" && !w.keep {
		_ = os.RemoveAll(w.dir)
	}
}

// fetch makes a GET and returns the body of a good answer.
func fetch(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", url, resp.Status)
	}
	return b, err
}
