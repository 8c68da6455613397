package daemon_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/cmd/haldane/daemon"
	"github.com/haldane-dev/haldane/config"
)

func basic(user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
}

// anySecret stands for every environment variable.
func anySecret(name string) (string, bool) {
	switch {
	case strings.HasSuffix(name, "SHA256"):
		return token(name), true
	case strings.Contains(name, "WEBHOOK"):
		return "https://hooks.slack.com/services/T0/B0/x", true
	case strings.Contains(name, "HOOK"):
		return "whsec_c2VjcmV0LW9mLXRoZS1ob29rLTEyMzQ1Njc4OTA=", true
	case strings.Contains(name, "PAGERDUTY"):
		return "0123456789abcdef0123456789abcdef", true
	case strings.Contains(name, "SLACK"):
		return "xoxb-1-2-3", true
	}
	return "secret", true
}

func TestReferenceLoadsWithEveryVendor(t *testing.T) {
	types := daemon.Types(anySecret)
	dir := t.TempDir()
	path := filepath.Join(dir, "reference.yaml")
	for name, text := range map[string]string{"reference.yaml": config.Reference, "thanos-token": "token"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Load(path, types)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range c.Warnings {
		t.Error(w)
	}
	missing, err := config.Undocumented(types)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range missing {
		t.Errorf("config/reference.yaml does not explain %s", key)
	}
	if _, err := config.Schema(types); err != nil {
		t.Error(err)
	}
}

func TestDaemonNeedsTokensBeyondLoopback(t *testing.T) {
	w, _ := newWorld(t, "")
	w.stop()
	_, err := daemon.Start(t.Context(), daemon.Options{Settings: config.Settings{
		Config: w.file, Listen: "0.0.0.0:0", Database: config.NewSecret("sqlite::memory:"),
	}, Env: anySecret})
	if err == nil || !strings.Contains(err.Error(), "no tokens") {
		t.Errorf("got %v", err)
	}
}

func TestReload(t *testing.T) {
	w, prom := newWorld(t, "")
	w.write("guards: {max_rollbacks_per_hour: 7}\n")
	if r := w.send("POST", "/-/reload", ""); r.status != 204 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	broken := "nonsense: 1\n"
	w.write(broken)
	r := w.send("POST", "/-/reload", "")
	if r.status != 422 || !strings.Contains(r.body, "nonsense") {
		t.Errorf("a broken file: %d %s", r.status, r.body)
	}
	if page := w.send("GET", "/", ""); !strings.Contains(page.body, "The config on disk is broken") {
		t.Error("no banner")
	}
	if m := w.send("GET", "/metrics", "").body; !strings.Contains(m, "haldane_config_refused 1") || !strings.Contains(m, `haldane_config_reloads_total{outcome="refused"} 1`) {
		t.Error("no metric")
	}
	if r := w.send("GET", "/readyz", ""); r.status != 200 {
		t.Errorf("not ready: %s", r.body)
	}
	prom.set(0.9)
	run := w.begin(start)
	w.until(run.ID, "failed", ended) // the old config is in force
}

func TestActionWithOpenDeliveriesStays(t *testing.T) {
	w, prom := newWorld(t, "")
	if r := w.send("POST", "/api/v1/holds", `{"reason":"freeze"}`); r.status != 201 {
		t.Fatal(r.body)
	}
	prom.set(0.9)
	run := w.begin(start)
	w.until(run.ID, "held", func(r analysis.Run) bool { return r.Rollback.State == analysis.RollbackHeld })
	text, err := os.ReadFile(w.file)
	if err != nil {
		t.Fatal(err)
	}
	renamed := strings.NewReplacer("undo:", "undo2:", "[undo, tell]", "[undo2, tell]").Replace(string(text))
	if err := os.WriteFile(w.file, []byte(renamed), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := w.send("POST", "/-/reload", ""); r.status != 409 || !strings.Contains(r.body, "undo") {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestNoSecretIsEverSeen(t *testing.T) {
	w, prom := newWorld(t, withTokens())
	as := []string{"Authorization", "Bearer boss"}
	prom.set(0.9)
	w.hook.Close() // rollback and alert fail, and say so
	run := decode[analysis.Run](w, w.send("POST", "/api/v1/runs", start, as...))
	var seen strings.Builder
	for range 3 {
		for _, path := range []string{
			"/api/v1/runs", "/api/v1/runs/" + run.ID, "/api/v1/runs/" + run.ID + "/looks", "/api/v1/runs/" + run.ID + "/events",
			"/api/v1/runs/" + run.ID + "/deliveries", "/api/v1/plans", "/runs/" + run.ID, "/metrics", "/openapi.json",
		} {
			seen.WriteString(w.send("GET", path, "", as...).body)
		}
		<-afterLook()
	}
	w.prom.Close()
	w.begin2(`{"plan":"shop","version":"3","baseline_version":"1"}`, as)
	<-afterLook()
	w.stop()
	for _, name := range []string{"haldane.db", "haldane.db-wal"} {
		if b, err := os.ReadFile(filepath.Join(w.dir, name)); err == nil {
			seen.Write(b)
		}
	}
	seen.WriteString(w.log.String())
	all := seen.String()
	for _, secret := range []string{"prom-\"secret\"", `prom-\"secret\"`, "c2VjcmV0LW9m", "url-secret", "Bearer boss", "viewer\x00"} {
		if strings.Contains(all, secret) {
			i := strings.Index(all, secret)
			t.Errorf("%q is seen: ...%q...", secret, all[max(0, i-100):min(len(all), i+100)])
		}
	}
	if !strings.Contains(all, "run.failed") {
		t.Error("nothing happened that could have told a secret")
	}
}
