package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// FuzzLoad wants a config or mistakes of any bytes, never a panic, and never a
// mistake without words or with a secret.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/good/*.yaml", "testdata/bad/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	f.Add([]byte(config.Reference))
	f.Fuzz(func(t *testing.T, b []byte) {
		file := filepath.Join(t.TempDir(), "haldane.yaml")
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		tables := types(nil)
		tables.Env = func(string) (string, bool) { return "planted-secret", true }
		c, err := config.Load(file, tables)
		var mistakes *config.Mistakes
		switch {
		case err == nil && (c == nil || c.Hash == ""):
			t.Error("neither a config nor an error")
		case err != nil && (c != nil || !errors.As(err, &mistakes) || len(mistakes.List) == 0):
			t.Errorf("%T %v", err, err)
		case err != nil && strings.Contains(err.Error(), "planted-secret"):
			t.Errorf("a secret in %v", err)
		}
		if mistakes != nil {
			for _, m := range mistakes.List {
				if m.File == "" || m.Message == "" {
					t.Errorf("%+v", m)
				}
			}
		}
	})
}

// FuzzQuery wants a query or an Invalid error of any template, never a panic, and
// that what was checked can be rendered.
func FuzzQuery(f *testing.F) {
	for _, text := range []string{
		`sum(rate(x{version="{{.Version}}"}[{{.Step}}]))`, `{{regex .Vars.a}}`, `{{if eq .Side "canary"}}a{{else}}b{{end}}`,
		`{{with $x := .Start}}{{$x.Unix}}{{end}}`, `{{range 9}}{{end}}`, `{{define "a"}}{{end}}`, `{{printf "%d" 1 | len}}`, `{{.End.Format "2006"}}`,
	} {
		f.Add(text, `1.4.2`)
	}
	f.Fuzz(func(t *testing.T, text, version string) {
		d := queryData(analysis.SideCanary)
		d.Version, d.Canary.Version = version, version
		out, err := config.Query(text, d)
		switch {
		case err != nil && analysis.KindOf(err) != analysis.Invalid:
			t.Errorf("%v is %s", err, analysis.KindOf(err))
		case err == nil && (strings.TrimSpace(out) == "" || len(out) > maxRendered):
			t.Errorf("a query of %d bytes", len(out))
		case err == nil && utf8.ValidString(text) && utf8.ValidString(version) && !utf8.ValidString(out) && !strings.Contains(text, "{{"):
			t.Errorf("%q is no text", out)
		}
	})
}
