package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/cmd/haldane/daemon"
	"github.com/haldane-dev/haldane/config"
)

// house is a whole daemon on a config of the benchmark's, with a database of its own in
// a folder that goes when it does.
type house struct {
	face
	d   *daemon.Daemon
	dir string
}

// face is the address of a daemon's API.
type face string

func openHouse(ctx context.Context, text string) (*house, error) {
	dir, err := os.MkdirTemp("", "haldane-bench")
	if err != nil {
		return nil, err
	}
	h := &house{dir: dir}
	file := filepath.Join(dir, "haldane.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, h.close(err)
	}
	h.d, err = daemon.Start(ctx, daemon.Options{
		Settings: config.Settings{
			Config: file, Listen: "127.0.0.1:0", Database: config.NewSecret("sqlite:" + filepath.Join(dir, "haldane.db")), Actions: config.ActionsOn,
		},
		Version: "bench", Log: slog.New(slog.DiscardHandler), Env: os.LookupEnv,
	})
	if err != nil {
		return nil, h.close(err)
	}
	h.face = face(h.d.URL())
	return h, nil
}

// close stops the daemon and removes its folder; it passes an error on.
func (h *house) close(err error) error {
	if h.d != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if e := h.d.Stop(ctx); err == nil {
			err = e
		}
	}
	_ = os.RemoveAll(h.dir)
	return err
}

// call makes one request of the API.
func (f face) call(ctx context.Context, method, path string, in, out any) error {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, string(f)+path, &body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= 300 {
		var problem struct{ Detail string }
		_ = json.NewDecoder(resp.Body).Decode(&problem)
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, problem.Detail)
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

// start begins a run of each plan.
func (f face) start(ctx context.Context, plans []string) error {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		first error
		next  = make(chan string)
	)
	for range 8 {
		wg.Go(func() {
			for plan := range next {
				var r analysis.Run
				err := f.call(ctx, http.MethodPost, "/api/v1/runs", map[string]string{"plan": plan, "version": "2", "baseline_version": "1"}, &r)
				mu.Lock()
				if first == nil {
					first = err
				}
				mu.Unlock()
			}
		})
	}
	for _, plan := range plans {
		next <- plan
	}
	close(next)
	wg.Wait()
	return first
}

// runs returns all runs there are.
func (f face) runs(ctx context.Context) ([]analysis.Run, error) {
	var all []analysis.Run
	for cursor := ""; ; {
		var page struct {
			Runs []analysis.Run `json:"runs"`
			Next string         `json:"next"`
		}
		if err := f.call(ctx, http.MethodGet, "/api/v1/runs?limit=500&cursor="+cursor, nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Runs...)
		if cursor = page.Next; cursor == "" {
			return all, nil
		}
	}
}

// wait returns the runs when all of them have ended.
func (f face) wait(ctx context.Context, progress func(open, all int)) ([]analysis.Run, error) {
	for {
		runs, err := f.runs(ctx)
		if err != nil {
			return nil, err
		}
		open := 0
		for i := range runs {
			if !runs[i].Status.Ended() {
				open++
			}
		}
		if progress(open, len(runs)); open == 0 {
			return runs, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%d of %d runs have not ended: %w", open, len(runs), ctx.Err())
		case <-time.After(time.Second):
		}
	}
}

// metrics reads /metrics.
func (f face) metrics(ctx context.Context) (map[string]*dto.MetricFamily, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, string(f)+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(resp.Body)
}

// counter adds up a counter over all label values but those given, as name and value.
func (f face) counter(ctx context.Context, name string, labels ...string) (float64, error) {
	families, err := f.metrics(ctx)
	if err != nil || families[name] == nil {
		return 0, err
	}
	sum := 0.0
	for _, m := range families[name].Metric {
		if hasLabels(m, labels) {
			sum += m.GetCounter().GetValue()
		}
	}
	return sum, nil
}

func hasLabels(m *dto.Metric, labels []string) bool {
	for i := 0; i+1 < len(labels); i += 2 {
		found := false
		for _, l := range m.Label {
			found = found || l.GetName() == labels[i] && l.GetValue() == labels[i+1]
		}
		if !found {
			return false
		}
	}
	return true
}
