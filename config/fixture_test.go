package config_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

var update = flag.Bool("update", false, "write what is found as what is wanted; then read every line of the difference")

// fixtureEnv is the environment of the files in testdata.
var fixtureEnv = map[string]string{
	"CI_TOKEN_SHA256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	"DD_API_KEY":      "a key", "HOOK_SECRET": "whsec_c2VjcmV0", "SLACK_BOT_TOKEN": "xoxb-1", "EMPTY": "",
}

// TestBad loads every file of testdata/bad. What must be found stands at its end,
// as comments: "# mistake" or "# warning" and the line that Haldane prints.
func TestBad(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			head, want := splitWanted(string(text))
			got := wanted(t, file)
			if *update {
				if err := os.WriteFile(file, []byte(head+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want == "" {
				t.Fatal("the file does not say what must be found in it")
			}
			if got != want {
				t.Errorf("found:\n%swant:\n%s", got, want)
			}
		})
	}
}

// wanted loads a file and prints what is found the way the fixtures say it.
func wanted(t *testing.T, file string) string {
	t.Helper()
	c, err := config.Load(file, types(fixtureEnv))
	var b strings.Builder
	print := func(word string, list []config.Mistake) {
		for _, m := range list {
			m.File = strings.TrimPrefix(m.File, "testdata/bad/")
			text := strings.ReplaceAll(m.String(), "testdata/bad/", "")
			fmt.Fprintf(&b, "# %s %s\n", word, strings.ReplaceAll(text, "\n", " "))
		}
	}
	var mistakes *config.Mistakes
	switch {
	case err == nil:
		print("warning", c.Warnings)
	case errors.As(err, &mistakes):
		if c != nil {
			t.Error("a config beside its mistakes")
		}
		print("mistake", mistakes.List)
		print("warning", mistakes.Warnings)
	default:
		t.Fatalf("%T instead of mistakes: %v", err, err)
	}
	return b.String()
}

// splitWanted cuts a fixture where its wanted lines begin.
func splitWanted(text string) (head, want string) {
	var h, w strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "# mistake ") || strings.HasPrefix(line, "# warning ") {
			w.WriteString(line)
		} else {
			h.WriteString(line)
		}
	}
	return h.String(), w.String()
}

// TestGood loads every file of testdata/good and compares what comes out with the
// JSON beside it.
func TestGood(t *testing.T) {
	for _, file := range goodFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			c, err := config.Load(withSecretFiles(t, file), types(fixtureEnv))
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.MarshalIndent(loaded(c), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".json"
			if *update {
				write(t, golden, string(got)+"\n")
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if string(got)+"\n" != string(want) {
				t.Errorf("%s is not what comes out:\n%s", golden, got)
			}
		})
	}
}

func goodFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/good/*.yaml")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	return files
}

// withSecretFiles returns the file itself, or a copy of one that reads secrets
// from /run/secrets, which then reads them from a folder of this test.
func withSecretFiles(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "/run/secrets/") {
		return file
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "dd_app"), "secret\n")
	copied := filepath.Join(dir, "haldane.yaml")
	write(t, copied, strings.ReplaceAll(string(text), "/run/secrets/", dir+"/"))
	return copied
}

// loaded is what the goldens show of a config.
func loaded(c *config.Config) any {
	var out struct {
		Tokens, Sources, Actions, Warnings []string
		Guards                             config.Guards
		Keep                               analysis.Duration
		Allow, Deny                        []string
		Plans                              []analysis.Plan
	}
	for _, t := range c.Tokens {
		out.Tokens = append(out.Tokens, fmt.Sprintf("%s %s %x %v", t.Name, t.Role, t.SHA256[:4], t.Plans))
	}
	for _, s := range c.Sources {
		out.Sources = append(out.Sources, fmt.Sprintf("%s: %s, line %d", s.Name, s.Type, s.Line))
	}
	for _, a := range c.Actions {
		out.Actions = append(out.Actions, fmt.Sprintf("%s: %s, line %d", a.Name, a.Type, a.Line))
	}
	for _, w := range c.Warnings {
		out.Warnings = append(out.Warnings, w.Path+": "+w.Message)
	}
	for _, p := range c.Egress.Allow {
		out.Allow = append(out.Allow, p.String())
	}
	for _, p := range c.Egress.Deny {
		out.Deny = append(out.Deny, p.String())
	}
	out.Guards, out.Keep, out.Plans = c.Guards, c.Keep, c.Plans
	return out
}
