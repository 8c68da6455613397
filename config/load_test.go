package config_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

const onePlan = `
sources: {prom: {type: prometheus, url: "http://prometheus:9090"}}
actions: {oncall: {type: slack, token: "xoxb-1", channel: "#oncall"}}
plans:
  - name: %s
    metrics: [{name: errors, source: prom, query: 'x{version="{{.Version}}"}'}]
    on_fail: [oncall]
`

func TestMistakesAreInvalid(t *testing.T) {
	_, err := loadText(t, "plan: []\nsource: {}\n")
	var mistakes *config.Mistakes
	if !errors.As(err, &mistakes) || len(mistakes.List) != 2 {
		t.Fatalf("%v", err)
	}
	if mistakes.List[0].Line != 1 || mistakes.List[1].Line != 2 {
		t.Errorf("not by line: %v", err)
	}
	if kind := analysis.KindOf(err); kind != analysis.Invalid {
		t.Errorf("kind %s", kind)
	}
	if e := analysis.AsError(err); e.Message != err.Error() || strings.Count(e.Message, "\n") != 1 {
		t.Errorf("message %q", e.Message)
	}
}

func TestMistakesOfSeveralFilesAreSorted(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "haldane.yaml"), "include: [a.yaml, b.yaml]\nz: 1\ny: 1\n")
	write(t, filepath.Join(dir, "b.yaml"), "x: 1\n")
	write(t, filepath.Join(dir, "a.yaml"), "w: 1\nv: 1\n")
	_, err := config.Load(filepath.Join(dir, "haldane.yaml"), types(nil))
	var got []string
	for line := range strings.Lines(err.Error()) {
		place, _, _ := strings.Cut(strings.TrimPrefix(line, dir+"/"), ": ")
		got = append(got, place)
	}
	if want := "a.yaml:1:1 a.yaml:2:1 b.yaml:1:1 haldane.yaml:2:1 haldane.yaml:3:1"; strings.Join(got, " ") != want {
		t.Errorf("%v", got)
	}
}

func TestLoadTellsWhatItCannotRead(t *testing.T) {
	dir := t.TempDir()
	large := filepath.Join(dir, "large.yaml")
	write(t, large, strings.Repeat("# a comment\n", 10<<20/12))
	for _, c := range []struct{ path, want string }{
		{filepath.Join(dir, "none.yaml"), "it does not exist"},
		{dir, "it is a folder"},
		{large, "it is larger than 1 MiB"},
		{"/dev/zero", "it is larger than 1 MiB"},
	} {
		_, err := config.Load(c.path, types(nil))
		if want := c.path + ": cannot be read: " + c.want; err == nil || err.Error() != want {
			t.Errorf("%v instead of %s", err, want)
		}
	}
}

func TestLoadWithoutAnything(t *testing.T) {
	file := filepath.Join(t.TempDir(), "haldane.yaml")
	write(t, file, "tokens: [{name: a, role: read, sha256: '${env:X}'}]\n")
	if _, err := config.Load(file, config.Types{}); err == nil || !strings.Contains(err.Error(), "environment variable X") {
		t.Errorf("%v", err)
	}
}

// TestHash pins what the hash depends on: names and contents of the files, as seen
// from the main one; not where they are mounted, nor what secrets are worth.
func TestHash(t *testing.T) {
	load := func(part, secret string) *config.Config {
		t.Helper()
		dir := t.TempDir()
		write(t, filepath.Join(dir, "haldane.yaml"),
			"include: [\"*.yaml\"]\nsources: {more: {type: prometheus, url: \"http://p\", bearer_token: \"${file:token}\"}}\n")
		write(t, filepath.Join(dir, part+".yaml"), fmt.Sprintf(onePlan, "checkout"))
		write(t, filepath.Join(dir, "token"), secret)
		c, err := config.Load(filepath.Join(dir, "haldane.yaml"), types(nil))
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Files) != 2 || filepath.Base(c.Files[0]) != "haldane.yaml" || filepath.Base(c.Files[1]) != part+".yaml" {
			t.Errorf("files %v", c.Files)
		}
		return c
	}
	first, same := load("a", "one"), load("a", "one")
	renamed, rotated := load("b", "one"), load("a", "two")
	if len(first.Hash) != 64 || first.Hash != same.Hash {
		t.Errorf("the same files: %s, %s", first.Hash, same.Hash)
	}
	if first.Hash == renamed.Hash {
		t.Error("another name, the same hash")
	}
	if first.Hash != rotated.Hash {
		t.Error("the hash depends on a secret")
	}
	for what, change := range map[string]func(dir string){
		"":                       func(string) {},
		"the same file again":    func(dir string) { write(t, filepath.Join(dir, "a.yaml"), fmt.Sprintf(onePlan, "checkout")) },
		"a plan":                 func(dir string) { write(t, filepath.Join(dir, "a.yaml"), fmt.Sprintf(onePlan, "other")) },
		"one file more":          func(dir string) { write(t, filepath.Join(dir, "b.yaml"), "plans: []") },
		"a secret":               func(dir string) { write(t, filepath.Join(dir, "token"), "three") },
		"a secret that is gone":  func(dir string) { _ = os.Remove(filepath.Join(dir, "token")) },
		"a file that is gone":    func(dir string) { _ = os.Remove(filepath.Join(dir, "a.yaml")) },
		"the main one, in a way": func(dir string) { write(t, filepath.Join(dir, "haldane.yaml"), "plans: []") },
	} {
		c := load("a", "one")
		change(filepath.Dir(c.Files[0]))
		if got, want := c.Unchanged(), what == "" || what == "the same file again"; got != want {
			t.Errorf("changed %q: unchanged is %v", what, got)
		}
	}
}

func TestIncludeInAFolderWithAnOddName(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "[a]*?")
	write(t, filepath.Join(dir, "haldane.yaml"), "include: [\"./*.yaml\", plans/x.yaml, \"plans/*\"]\n"+fmt.Sprintf(onePlan, "one")[1:])
	write(t, filepath.Join(dir, "plans", "x.yaml"), "plans: []\n")
	c, err := config.Load(filepath.Join(dir, ".", "haldane.yaml"), types(nil))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Files) != 2 {
		t.Errorf("read %v", c.Files)
	}
}

func TestLookups(t *testing.T) {
	c, err := loadText(t, fmt.Sprintf(onePlan, "checkout"))
	if err != nil {
		t.Fatal(err)
	}
	_, plan := c.Plan("checkout")
	_, source := c.Source("prom")
	_, action := c.Action("oncall")
	if !plan || !source || !action {
		t.Error("not found")
	}
	_, plan = c.Plan("prom")
	_, source = c.Source("oncall")
	_, action = c.Action("checkout")
	if plan || source || action {
		t.Error("found what is not there")
	}
}

func TestJudgesOfThisBuild(t *testing.T) {
	file := filepath.Join(t.TempDir(), "haldane.yaml")
	write(t, file, fmt.Sprintf(onePlan, "checkout"))
	tables := types(nil)
	tables.Judges = []analysis.JudgeName{analysis.JudgeKayenta, analysis.JudgeThreshold}
	_, err := config.Load(file, tables)
	if err == nil || !strings.Contains(err.Error(), "judge sequential: not in this build (try: one of kayenta, threshold)") {
		t.Errorf("%v", err)
	}
}

// TestSecretsStaySecret plants secrets that break formats and looks for them in
// everything that a config can print, loaded or not.
func TestSecretsStaySecret(t *testing.T) {
	const planted = "pl\"an\nted'{{secret}}"
	dir := t.TempDir()
	file := filepath.Join(dir, "haldane.yaml")
	write(t, filepath.Join(dir, "token"), planted)
	env := map[string]string{"PLANTED": planted}
	for name, text := range map[string]string{
		"good": `
sources: {prom: {type: prometheus, url: "http://p", bearer_token: "${file:token}", headers: {A: "b ${env:PLANTED}"}, basic_auth: {password: "${env:PLANTED}"}}}
actions: {undo: {type: webhook, url: "https://example.com/${env:PLANTED}", basic_auth: {username: u, password: "${env:PLANTED}"}}}
plans: []
`,
		"bad hash": `tokens: [{name: a, role: read, sha256: "${env:PLANTED}"}]`,
		"broken reference": `
sources: {prom: {type: prometheus, url: "http://p", bearer_token: "${env:PLANTED} ${env:MISSING} ${file:none} ${env:"}}
`,
		"wrong kind": "sources: {prom: {type: prometheus, url: \"http://p\", bearer_token: [planted-secret]}}\n",
		"literal":    "tokens: [{name: a, role: read, sha256: planted-secret}]\n",
	} {
		t.Run(name, func(t *testing.T) {
			write(t, file, text)
			c, err := config.Load(file, types(env))
			printed := fmt.Sprintf("%v %+v %#v", err, err, err)
			if c != nil {
				j, jerr := json.Marshal(c)
				if jerr != nil {
					t.Fatal(jerr)
				}
				printed += string(j)
				for _, s := range c.Sources {
					printed += fmt.Sprintf("%+v %#v %s", s.Settings, s.Settings, s.Settings)
				}
				for _, a := range c.Actions {
					printed += fmt.Sprintf("%+v %#v %s", a.Settings, a.Settings, a.Settings)
				}
			}
			for _, part := range []string{"pl\"an", "nted'", "{{secret}}", `pl\"an`, "planted-secret"} {
				if strings.Contains(printed, part) {
					t.Errorf("%q is in\n%s", part, printed)
				}
			}
			if good := name == "good"; good != (err == nil) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestSecretsAreResolved(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "secrets", "token"), "from a file\r\n\n")
	write(t, filepath.Join(dir, "haldane.yaml"), `
sources: {prom: {type: prometheus, url: "http://p", bearer_token: "${file:secrets/token}", headers: {A: "x-${env:A}-${env:B}", B: literal}}}
plans: []
`)
	c, err := config.Load(filepath.Join(dir, "haldane.yaml"), types(map[string]string{"A": "1", "B": "${env:A}"}))
	if err != nil {
		t.Fatal(err)
	}
	s := c.Sources[0].Settings.(*prometheusStandIn)
	for _, one := range []struct {
		secret config.Secret
		want   string
	}{
		{s.BearerToken, "from a file"},
		{s.Headers["A"], "x-1-${env:A}"}, // what a variable holds is not looked into
		{s.Headers["B"], "literal"},
	} {
		if got := one.secret.Reveal(); got != one.want {
			t.Errorf("%q instead of %q", got, one.want)
		}
	}
}

func TestSecretFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "empty"), "\n")
	write(t, filepath.Join(dir, "large"), strings.Repeat("x", 64<<10+1))
	for name, want := range map[string]string{
		"empty": "it is empty", "large": "it is larger than 64 KiB", "none": "it does not exist", ".": "it is a folder",
	} {
		write(t, filepath.Join(dir, "haldane.yaml"), `tokens: [{name: a, role: read, sha256: "${file:`+name+`}"}]`)
		_, err := config.Load(filepath.Join(dir, "haldane.yaml"), types(nil))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnreadableFile(t *testing.T) {
	if os.Getuid() == 0 {
		t.Log("root may read everything: only the words of a missing file are checked elsewhere")
		return
	}
	file := filepath.Join(t.TempDir(), "haldane.yaml")
	write(t, file, "plans: []\n")
	if err := os.Chmod(file, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(file, types(nil)); err == nil || !strings.Contains(err.Error(), "this user may not read it") {
		t.Errorf("%v", err)
	}
}

// TestMonsters loads files that are made to be much work for their size.
func TestMonsters(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"deep":          {strings.Repeat("[", 1<<20-1), "not valid YAML: exceeded max depth of 10000"},
		"wide":          {"plans: [" + strings.Repeat("{},", 1<<18) + "]", "more than 100000 plans"},
		"aliases":       {"plans:\n- &p {name: x}\n" + strings.Repeat("- *p\n", 1<<17), "more than 100000 plans"},
		"large aliases": {"plans:\n- &p {vars: {" + strings.Repeat("a: 1, ", 1000) + "}}\n" + strings.Repeat("- *p\n", 1000), "too many values, perhaps by its aliases"},
		"comments":      {strings.Repeat("# x\n", 1<<18-1), "the file is empty"},
		"merges":        {"sources: &a {x: 1}\nplans: {<<: [" + strings.Repeat("*a,", 1<<17) + "*a]}\n", "plans: want a list, have a map"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := loadText(t, c.text); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%.300v", err)
			}
		})
	}
}

// BenchmarkLoad loads 1,000 plans, each written out in one of 20 files, or with its
// metrics from the defaults.
func BenchmarkLoad(b *testing.B) {
	const metrics = `
      - {name: errors, source: prom, kind: ratio, bad: 'sum(increase(bad{service="{{.Service}}",version="{{.Version}}"}[{{.Step}}]))', total: 'sum(increase(all{service="{{.Service}}",version="{{.Version}}"}[{{.Step}}]))'}
      - {name: p99, source: prom, query: 'x{version="{{.Version}}"}'}
    on_fail: [oncall]
`
	for name, form := range map[string]struct{ defaults, plan string }{
		"written out": {"", "  - name: plan-%d\n    metrics:" + metrics},
		"defaults":    {"defaults:\n    metrics:" + metrics, "  - name: plan-%d\n"},
	} {
		b.Run(name, func(b *testing.B) {
			dir := b.TempDir()
			text := `include: ["*.yaml"]` + "\n" + form.defaults + fmt.Sprintf(onePlan, "one")[1:]
			if err := os.WriteFile(filepath.Join(dir, "haldane.yaml"), []byte(text), 0o644); err != nil {
				b.Fatal(err)
			}
			for i := range 20 {
				var part strings.Builder
				part.WriteString("plans:\n")
				for k := range 50 {
					fmt.Fprintf(&part, form.plan, 50*i+k)
				}
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("part%d.yaml", i)), []byte(part.String()), 0o644); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := config.Load(filepath.Join(dir, "haldane.yaml"), types(nil)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
