package csvfile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

func minutes(values ...int) string {
	text := "time,v\n"
	for i, v := range values {
		text += fmt.Sprintf("%d,%d\n", noon().Unix()+60*int64(i+1), v)
	}
	return text
}

// TestReadAnew sees every change of a file, and reads it no more often than that.
func TestReadAnew(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.csv")
	s := opened(t, settings(dir))
	v := func(want string) {
		t.Helper()
		if got, err := s.Fetch(t.Context(), ask("a.csv: v")); err != nil || show(t, got) != want {
			t.Errorf("%s, error %v, want %s", show(t, got), err, want)
		}
	}
	read := func() *table { return s.kept["a.csv"].table }

	write(t, path, minutes(1, 2, 3), time.Hour)
	v("[1,2,3]")
	first := read()
	v("[1,2,3]")
	if read() != first || first == nil {
		t.Error("it was read twice")
	}
	write(t, path, minutes(1, 2, 4), time.Minute) // another time, the same size
	v("[1,2,4]")
	write(t, path, minutes(1, 2, 10), time.Minute) // another size
	v("[1,2,10]")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "b.csv")
	write(t, other, minutes(1, 2, 11), 0)
	if err := os.Chtimes(other, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(other, path); err != nil { // another file, the same size and time
		t.Fatal(err)
	}
	v("[1,2,11]")
	write(t, path, minutes(1, 2, 12), 0) // changed just now: it may change once more in the same tick
	v("[1,2,12]")
	if k := s.kept["a.csv"]; k.table != nil && k.info.ModTime().After(time.Now().Add(-settled)) {
		t.Error("what has changed just now is kept")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Fetch(t.Context(), ask("a.csv: v")); analysis.KindOf(err) != analysis.Invalid || !strings.Contains(err.Error(), "file a.csv is not there") {
		t.Errorf("error %v of a file that is gone", err)
	}
}

// TestPaths reads what is below the path and nothing else.
func TestPaths(t *testing.T) {
	dir := t.TempDir()
	exports := filepath.Join(dir, "exports")
	for _, folder := range []string{exports, filepath.Join(exports, "sub")} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"secret.csv", "exports/a.csv", "exports/sub/b.csv", "exports/odd: {name}.csv"} {
		write(t, filepath.Join(dir, name), minutes(1, 2, 3), time.Hour)
	}
	for link, target := range map[string]string{"inside.csv": "sub/b.csv", "outside.csv": "../secret.csv", "absolute.csv": filepath.Join(dir, "secret.csv"), "up": ".."} {
		if err := os.Symlink(target, filepath.Join(exports, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(exports, "pipe.csv"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, query, want string }{
		{exports, "a.csv: v", ""},
		{exports, "sub/b.csv: v", ""},
		{exports, "sub/../a.csv: v", ""},
		{exports, "inside.csv: v", ""},
		{exports, `"odd: {name}.csv": v`, ""},
		{exports + "/", "a.csv: v", ""},
		{filepath.Join(exports, "a.csv"), "v", ""},
		{filepath.Join(exports, "a.csv"), "a.csv: v", ""},
		{filepath.Join(exports, "a.csv"), "b.csv: v", "the query names file b.csv, but path is file a.csv"},
		{exports, "v", "the query names no file, and path is a folder"},
		{exports, "c.csv: v", "file c.csv is not there"},
		{exports, "../secret.csv: v", "file ../secret.csv leads out of its folder"},
		{exports, filepath.Join(dir, "secret.csv") + ": v", "leads out of its folder"},
		{exports, "outside.csv: v", "file outside.csv leads out of its folder"},
		{exports, "absolute.csv: v", "file absolute.csv leads out of its folder"},
		{exports, "up/secret.csv: v", "file up/secret.csv leads out of its folder"},
		{exports, "sub: v", "file sub is no ordinary file"},
		{exports, "pipe.csv: v", "file pipe.csv is no ordinary file"},
		{filepath.Join(dir, "nowhere"), "v", "nowhere is not there"},
	} {
		got, err := opened(t, settings(c.path)).Fetch(t.Context(), ask(c.query))
		if c.want == "" && (err != nil || show(t, got) != "[1,2,3]") {
			t.Errorf("%s: %s, error %v", c.query, show(t, got), err)
		}
		if c.want != "" && (analysis.KindOf(err) != analysis.Invalid || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %s, error %v, want an invalid one about %q", c.query, show(t, got), err, c.want)
		}
	}
}

func TestTooLarge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	write(t, path, "time,v\n", time.Hour)
	if err := os.Truncate(path, maxFile+1); err != nil {
		t.Fatal(err)
	}
	_, err := opened(t, settings(path)).Fetch(t.Context(), ask("v"))
	if analysis.KindOf(err) != analysis.Invalid || !strings.Contains(err.Error(), "file a.csv is larger than 64 MiB") {
		t.Errorf("error %v", err)
	}
}

// TestKeptIsBounded forgets files when those that are kept are too many bytes.
func TestKeptIsBounded(t *testing.T) {
	s := opened(t, settings("x"))
	dir := t.TempDir()
	for i := range 10 {
		path := filepath.Join(dir, fmt.Sprint(i))
		write(t, path, "", time.Hour)
		if err := os.Truncate(path, maxFile/2); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		s.keep(fmt.Sprint(i), kept{info, &table{}})
		s.keep(fmt.Sprint(i), kept{info, &table{}}) // in its own place
		if len(s.kept) > maxKept/(maxFile/2) || s.kept[fmt.Sprint(i)].table == nil {
			t.Errorf("%d files are kept after %d", len(s.kept), i+1)
		}
	}
	if len(s.kept) < 2 {
		t.Error("only one is kept")
	}
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.csv"), filepath.Join(dir, "bad.csv")
	write(t, good, minutes(1), time.Hour)
	write(t, bad, "time,v\nnoon,1\n", time.Hour)
	for path, want := range map[string]string{
		dir: "", good: "", bad: `line 2, column time: "noon" is not a time`, filepath.Join(dir, "x"): "x is not there",
	} {
		err := opened(t, settings(path)).Check(t.Context())
		if want == "" && err != nil || want != "" && (analysis.KindOf(err) != analysis.Invalid || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: error %v, want %q", path, err, want)
		}
	}
}

func TestSettings(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"":                         func(*Config) {},
		"path: missing":            func(c *Config) { c.Path = "" },
		"separator: not one":       func(c *Config) { c.Separator = "" },
		"separator: not one char":  func(c *Config) { c.Separator = ", " },
		"separator: not one chara": func(c *Config) { c.Separator = `"` },
		"separator: not one c":     func(c *Config) { c.Separator = "\n" },
		"separator: not one ch":    func(c *Config) { c.Separator = "\xff" },
	} {
		c := settings("x")
		change(c)
		source, err := c.Open(config.Env{Name: "exported"})
		if want == "" {
			if err != nil || len(c.Check()) != 0 {
				t.Errorf("error %v, problems %v", err, c.Check())
			}
			continue
		}
		if source != nil || analysis.KindOf(err) != analysis.Invalid || !strings.HasPrefix(err.Error(), "source exported: "+want) {
			t.Errorf("opened as %v, error %v, want one about %q", source, err, want)
		}
	}
}
