package csvfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// noon is where the windows of these tests start; 1714564800 in seconds.
func noon() time.Time { return time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC) }

// ask asks for three minutes from noon.
func ask(text string) analysis.Query {
	return analysis.Query{
		Text: text, Step: time.Minute,
		Window: analysis.Window{Start: noon(), End: noon().Add(3 * time.Minute)},
	}
}

// settings are the defaults for a path.
func settings(path string) *Config {
	c := New().(*Config)
	c.Path = path
	return c
}

// opened opens settings, which must be good.
func opened(t testing.TB, c *Config) *Source {
	t.Helper()
	s, err := c.Open(config.Env{Name: "exported"})
	if err != nil {
		t.Fatal(err)
	}
	return s.(*Source)
}

// write makes a file that changed a while ago.
func write(t testing.TB, path, content string, ago time.Duration) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	then := time.Now().Add(-ago)
	if err := os.Chtimes(path, then, then); err != nil {
		t.Fatal(err)
	}
}

// with asks a file of this content.
func with(t testing.TB, c *Config, content string, q analysis.Query) ([]analysis.Series, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.csv")
	write(t, path, content, time.Hour)
	c.Path = path
	return opened(t, c).Fetch(t.Context(), q)
}

// show prints an answer: labels and values.
func show(t testing.TB, series []analysis.Series) string {
	t.Helper()
	var lines []string
	for _, s := range series {
		b, err := s.Values.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		line := string(b)
		for _, name := range []string{"build", "region", "version"} {
			if v, ok := s.Labels[name]; ok {
				line = name + "=" + v + " " + line
			}
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
