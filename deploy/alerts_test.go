package deploy

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

type alert struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

func loadAlerts(t *testing.T) []alert {
	t.Helper()
	b, err := os.ReadFile("alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Name  string  `json:"name"`
			Rules []alert `json:"rules"`
		} `json:"groups"`
	}
	if err := yaml.UnmarshalStrict(b, &file); err != nil || len(file.Groups) != 1 {
		t.Fatalf("%v: %d groups", err, len(file.Groups))
	}
	return file.Groups[0].Rules
}

func TestPromtoolAgreesWithTheAlerts(t *testing.T) {
	promtool := program(t, "promtool", "prometheus")
	for _, args := range [][]string{{"check", "rules", "--lint=all", "--lint-fatal", "alerts.yaml"}, {"test", "rules", "alerts_test.yaml"}} {
		if out, err := exec.Command(promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
}

func TestPromtoolAgreesWithComposesPrometheus(t *testing.T) {
	dir := t.TempDir()
	for from, to := range map[string]string{"compose/prometheus.yml": "prometheus.yml", "alerts.yaml": "alerts.yaml"} {
		if err := copyFile(from, dir+"/"+to); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command(program(t, "promtool", "prometheus"), "check", "config", dir+"/prometheus.yml").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestAlertsSayWhatToDo(t *testing.T) {
	runbooks, err := os.ReadFile("runbooks.md")
	if err != nil {
		t.Fatal(err)
	}
	tests, err := os.ReadFile("alerts_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var sections []string
	for _, m := range regexp.MustCompile(`(?m)^## (\w+)$`).FindAllStringSubmatch(string(runbooks), -1) {
		sections = append(sections, m[1])
	}
	const base = "https://github.com/haldane-dev/haldane/blob/main/deploy/runbooks.md#"
	for _, a := range loadAlerts(t) {
		if !slices.Contains([]string{"critical", "warning"}, a.Labels["severity"]) {
			t.Errorf("%s: severity %q", a.Alert, a.Labels["severity"])
		}
		if a.Annotations["summary"] == "" || len(a.Annotations["description"]) < 80 {
			t.Errorf("%s: says too little: %v", a.Alert, a.Annotations)
		}
		if got := a.Annotations["runbook_url"]; got != base+strings.ToLower(a.Alert) {
			t.Errorf("%s: runbook %s", a.Alert, got)
		}
		i := slices.Index(sections, a.Alert)
		if i < 0 {
			t.Errorf("%s: no section in runbooks.md", a.Alert)
			continue
		}
		sections = slices.Delete(sections, i, i+1)
		if !regexp.MustCompile(`(alertname: |labels: ALERTS{alertname=")` + a.Alert + `\b`).Match(tests) {
			t.Errorf("%s: no test in alerts_test.yaml", a.Alert)
		}
	}
	if len(sections) > 0 {
		t.Errorf("runbooks of alerts that do not exist: %v", sections)
	}
}

var metricName = regexp.MustCompile(`\bhaldane_[a-z_]+`)

// TestAlertsUseMetricsThatExist asks a daemon that has just started, as Prometheus
// does: a series that appears only with the first failure is seen too late.
func TestAlertsUseMetricsThatExist(t *testing.T) {
	dir := t.TempDir()
	config := smallConfig + "\nactions:\n  tell: {type: webhook, url: \"http://127.0.0.1:1\", changes_world: false}\n"
	if err := os.WriteFile(dir+"/haldane.yaml", []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, &exec.Cmd{
		Path: built(t, daemonImage).root + "/haldane", Args: []string{"haldane", "serve"}, Dir: dir,
		Env: []string{"HALDANE_LISTEN=127.0.0.1:0", "HALDANE_DATABASE=sqlite:" + dir + "/haldane.db"},
	})
	url := p.daemon(t)
	var missing []string
	until(t, "the daemon has counted what is open", func() bool {
		_, metrics := call(t, "GET", url+"/metrics", "", "")
		missing = missingMetrics(loadAlerts(t), metrics)
		// What is open is counted a moment after the start, and holds last.
		return strings.Contains(metrics, "haldane_holds{")
	})
	if len(missing) > 0 {
		t.Errorf("no metric %q", missing)
	}
}

// missingMetrics returns what alerts read and a daemon does not show.
func missingMetrics(alerts []alert, metrics string) []string {
	wanted := []string{
		`haldane_runs_open{status="running"`, `haldane_deliveries_open{state="pending"`, `haldane_holds{kind="manual"`,
		`haldane_deliveries_total{action="tell",outcome="failed"`, `haldane_source_requests_total{outcome="unavailable",source="prom"`,
	}
	for _, a := range alerts {
		wanted = append(wanted, metricName.FindAllString(a.Expr, -1)...)
	}
	return slices.DeleteFunc(wanted, func(name string) bool {
		return regexp.MustCompile("(?m)^" + regexp.QuoteMeta(name) + `[ {,}]`).MatchString(metrics)
	})
}
