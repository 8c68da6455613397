package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// call makes one request of a replica's API.
func (w *world) call(ctx context.Context, base, method, path string, in, out any) (int, error) {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return 0, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, base+path, &body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+w.secrets.api)
	req.Close = true // a new connection each time: replicas come and go
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= 300 {
		var problem struct{ Detail string }
		_ = json.NewDecoder(resp.Body).Decode(&problem)
		return resp.StatusCode, fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, problem.Detail)
	}
	return resp.StatusCode, json.NewDecoder(resp.Body).Decode(out)
}

// any returns the address of some replica that serves, "" when none does.
func (w *world) any() string {
	for _, i := range rand.Perm(len(w.replicas)) {
		if url := w.replicas[i].address(); url != "" {
			return url
		}
	}
	return ""
}

// get asks some replica.
func (w *world) get(ctx context.Context, path string, out any) error {
	base := w.any()
	if base == "" {
		return fmt.Errorf("GET %s: no replica serves", path)
	}
	_, err := w.call(ctx, base, http.MethodGet, path, nil, out)
	return err
}

// begin starts a release's run, and asks again, perhaps another replica, until it knows
// that it was started. Who asks again with the same key must get the same run.
func (w *world) begin(ctx context.Context, r release) error {
	in := map[string]any{"plan": r.Plan, "key": r.Key, "version": r.Version, "baseline_version": r.Baseline}
	for {
		// A replica whose clock is wrong would start the run in another hour.
		if base := w.any(); base != "" && w.wrong.Load() == 0 {
			var run analysis.Run
			status, err := w.call(ctx, base, http.MethodPost, "/api/v1/runs", in, &run)
			switch {
			case err == nil:
				return nil
			case status >= 400 && status < 500 && status != http.StatusTooManyRequests:
				return fmt.Errorf("release %s was refused: %w", r.Key, err)
			}
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return fmt.Errorf("release %s could not be started: %w", r.Key, err)
		}
	}
}

// list returns all runs there are.
func (w *world) list(ctx context.Context) ([]analysis.Run, error) {
	var all []analysis.Run
	for cursor := ""; ; {
		var page struct {
			Runs []analysis.Run `json:"runs"`
			Next string         `json:"next"`
		}
		if err := w.get(ctx, "/api/v1/runs?limit=500&cursor="+cursor, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Runs...)
		if cursor = page.Next; cursor == "" {
			return all, nil
		}
	}
}

// pause waits, or returns why not.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
