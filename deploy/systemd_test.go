package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// unitFile writes the unit with the path of a program that is there: systemd-analyze
// wants to see it.
func unitFile(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("systemd/haldane.service")
	if err != nil {
		t.Fatal(err)
	}
	binary := built(t, daemonImage).root + "/haldane"
	unit := strings.ReplaceAll(string(b), "/usr/local/bin/haldane", binary)
	if unit == string(b) {
		t.Fatal("the unit does not start /usr/local/bin/haldane")
	}
	path := filepath.Join(t.TempDir(), "haldane.service")
	if err := os.WriteFile(path, []byte(unit), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSystemdUnderstandsTheUnit(t *testing.T) {
	analyze, unit := program(t, "systemd-analyze", "systemd"), unitFile(t)
	out, err := exec.Command(analyze, "verify", unit).CombinedOutput()
	if said := about(string(out), unit); err != nil || said != "" {
		t.Errorf("%v: %s", err, said)
	}
	b, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	misspelt := strings.Replace(string(b), "ProtectSystem=", "ProtectSystems=", 1)
	if err := os.WriteFile(unit, []byte(misspelt), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, _ := exec.Command(analyze, "verify", unit).CombinedOutput(); !strings.Contains(string(out), "ProtectSystems") {
		t.Errorf("a misspelt key was taken: %s", out)
	}
}

// about leaves out what is said of other units, which are there or not.
func about(out, unit string) string {
	var own []string
	for line := range strings.Lines(out) {
		if !strings.Contains(line, ".service:") || strings.Contains(line, unit) {
			own = append(own, line)
		}
	}
	return strings.Join(own, "")
}

func TestSystemdUnitIsHardened(t *testing.T) {
	// On systemd's scale 10 is everything and 2 is the end of what it calls OK.
	out, err := exec.Command(program(t, "systemd-analyze", "systemd"),
		"security", "--offline=true", "--threshold=20", "--no-pager", unitFile(t)).CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// assignments reads NAME=value lines.
func assignments(text, prefix string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		line, is := strings.CutPrefix(strings.TrimSpace(line), prefix)
		if name, value, ok := strings.Cut(line, "="); ok && is && !strings.HasPrefix(line, "#") {
			out[name] = value
		}
	}
	return out
}

func TestSystemdEnvironmentStartsTheDaemon(t *testing.T) {
	unit, err := os.ReadFile("systemd/haldane.service")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("systemd/haldane.env.example")
	if err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile("../cmd/haldane-demo/haldane.yaml") // the one to copy
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/haldane.yaml", config, 0o600); err != nil {
		t.Fatal(err)
	}
	set, secrets := assignments(string(unit), "Environment="), assignments(string(example), "")
	if set["HALDANE_CONFIG"] != "/etc/haldane/haldane.yaml" || set["HALDANE_DATABASE"] != "sqlite:/var/lib/haldane/haldane.db" {
		t.Errorf("the unit sets %v", set)
	}
	set["HALDANE_CONFIG"], set["HALDANE_DATABASE"] = dir+"/haldane.yaml", "sqlite:"+dir+"/haldane.db"
	if secrets["HALDANE_LISTEN"] != "127.0.0.1:8080" {
		t.Errorf("the example listens on %q: other machines need a token first", secrets["HALDANE_LISTEN"])
	}
	secrets["HALDANE_LISTEN"] = "127.0.0.1:0" // 8080 may be taken on this machine
	p := start(t, &exec.Cmd{
		Path: built(t, daemonImage).root + "/haldane", Args: []string{"haldane", "serve"}, Env: environ(set, secrets), Dir: dir,
	})
	if status, body := call(t, "GET", p.daemon(t)+"/readyz", "", ""); status != 200 {
		t.Errorf("%d %s", status, body)
	}
	if strings.Contains(p.log.String(), "not known (try: HALDANE_") {
		t.Error("a variable is misspelt")
	}
	if code := p.stop(t); code != 0 {
		t.Errorf("exit status %d", code)
	}
}

func TestSystemdGivesItTheDatabasesFolder(t *testing.T) {
	b, err := os.ReadFile("systemd/haldane.service")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(b), "\n")
	for _, want := range []string{"DynamicUser=yes", "StateDirectory=haldane", "WorkingDirectory=/var/lib/haldane", "ProtectSystem=strict", "CapabilityBoundingSet="} {
		if !slices.Contains(lines, want) {
			t.Errorf("the unit lacks %s", want)
		}
	}
}
