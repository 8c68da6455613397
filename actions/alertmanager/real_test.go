package alertmanager_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/analysis"
)

// real starts Debian's Alertmanager under a path and returns its address.
func real(t *testing.T) string {
	t.Helper()
	binary := actiontest.Program(t, "prometheus-alertmanager", "prometheus-alertmanager")
	dir, address := t.TempDir(), actiontest.FreeAddress(t)
	file := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(file, []byte("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	actiontest.Start(t, exec.Command(binary, "--config.file="+file, "--storage.path="+dir, "--web.listen-address="+address,
		"--web.route-prefix=/am", "--cluster.listen-address=", "--alerts.gc-interval=100ms", "--log.level=warn"))
	base := "http://" + address + "/am"
	actiontest.Eventually(t, "alertmanager is ready", func() bool {
		resp, err := http.Get(base + "/-/ready")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == 200
	})
	return base
}

// seen is an alert as Alertmanager shows it.
type seen struct {
	alert

	Status struct {
		State      string   `json:"state"`
		SilencedBy []string `json:"silencedBy"`
	} `json:"status"`
	UpdatedAt time.Time `json:"updatedAt"`
}

func list(t *testing.T, base string) []seen {
	t.Helper()
	resp, err := http.Get(base + "/api/v2/alerts")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var out []seen
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRealAlertmanager: an alert appears, stays the same when it is sent again, is
// silenced, and goes when the release has recovered.
func TestRealAlertmanager(t *testing.T) {
	base := real(t)
	a := open(t, settings(base))
	if err := a.(analysis.Checker).Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := actiontest.Done(t, a, actiontest.Delivery(1))
	first := list(t, base)
	if len(first) != 1 || first[0].Labels["alertname"] != "HaldaneReleaseFailed" || first[0].Annotations["runbook_url"] != "https://runbooks.example.com/checkout" ||
		first[0].GeneratorURL != "https://haldane.example.com/runs/1" || !first[0].StartsAt.Equal(actiontest.Delivery(1).Event.At) {
		t.Fatalf("alerts %+v", first)
	}
	r = again(t, a, r)
	if second := list(t, base); len(second) != 1 || !second[0].UpdatedAt.After(first[0].UpdatedAt) || !second[0].EndsAt.After(first[0].EndsAt) {
		t.Fatalf("sent again: %+v", second)
	}
	silence(t, base)
	again(t, a, r)
	actiontest.Eventually(t, "silenced", func() bool {
		l := list(t, base)
		return len(l) == 1 && l[0].Status.State == "suppressed" && len(l[0].Status.SilencedBy) == 1
	})
	actiontest.Done(t, a, actiontest.About(2, analysis.EventRunFailed, func(n *analysis.Notice) { n.Run.Service = "search" }))
	if both := list(t, base); len(both) != 2 {
		t.Fatalf("another service: %+v", both)
	}
	actiontest.Done(t, a, actiontest.About(1, analysis.EventRollbackVerified, nil, r))
	actiontest.Eventually(t, "resolved", func() bool {
		l := list(t, base)
		return len(l) == 1 && l[0].Labels["service"] == "search"
	})
	for _, text := range actiontest.Long() {
		for _, event := range actiontest.Told() {
			actiontest.Done(t, a, actiontest.Verbose(event, text, 60))
		}
	}
}

// silence makes one for the service checkout.
func silence(t *testing.T, base string) {
	t.Helper()
	now := time.Now().UTC()
	body := fmt.Sprintf(`{"matchers":[{"name":"service","value":"checkout","isRegex":false}],"startsAt":%q,"endsAt":%q,"createdBy":"alice","comment":"known"}`,
		now.Format(time.RFC3339), now.Add(time.Hour).Format(time.RFC3339))
	resp, err := http.Post(base+"/api/v2/silences", "application/json", reader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != 200 {
		t.Fatalf("HTTP %d: %s", resp.StatusCode, text)
	}
}
