package config_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

func queryData(side string) analysis.QueryData {
	d := analysis.QueryData{
		Side: side, Canary: analysis.Release{Version: "1.4.2"}, Baseline: analysis.Release{Version: "1.4.1"},
		Service: "checkout", Environment: "production", Step: 90 * second,
		Start: time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("", 3600)),
		End:   time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC),
		Vars:  map[string]string{"region": "eu"},
	}
	d.Version = map[string]string{analysis.SideCanary: "1.4.2", analysis.SideBaseline: "1.4.1"}[side]
	return d
}

// renderers are Query, and Queries which has seen the text before: no rendering may use up
// anything of the next.
func renderers() map[string]func(string, analysis.QueryData) (string, error) {
	kept := config.NewQueries()
	return map[string]func(string, analysis.QueryData) (string, error){
		"new": config.Query,
		"kept": func(text string, d analysis.QueryData) (string, error) {
			_, _ = kept.Render(text, d)
			return kept.Render(text, d)
		},
	}
}

func TestQuery(t *testing.T) {
	for _, c := range []struct{ text, canary, baseline string }{
		{"plain", "plain", "plain"},
		{`x{version="{{.Version}}"}[{{.Step}}]`, `x{version="1.4.2"}[1m30s]`, `x{version="1.4.1"}[1m30s]`},
		{"{{.Side}} {{.Canary.Version}} {{.Baseline.Version}}", "canary 1.4.2 1.4.1", "baseline 1.4.2 1.4.1"},
		{"{{.Service}} {{.Environment}} {{.Vars.region}}", "checkout production eu", "checkout production eu"},
		{"{{.Start}} {{.End}}", "2026-03-01T11:00:00Z 2026-03-01T12:30:00Z", "2026-03-01T11:00:00Z 2026-03-01T12:30:00Z"},
		{"{{.Start.Unix}} {{.End.UnixMilli}}", "1772362800 1772368200000", "1772362800 1772368200000"},
		{`{{if eq .Side "canary"}}new{{else}}old{{end}}`, "new", "old"},
		{`{{with .Vars.region}}{{.}}{{end}}`, "eu", "eu"},
		{`{{regex .Version}}`, `1\\.4\\.2`, `1\\.4\\.1`},
		{"\n  trimmed\n", "trimmed", "trimmed"},
		{"p99:x{version:{{.Version}}}", "p99:x{version:1.4.2}", "p99:x{version:1.4.1}"},
		{`{{with printf "%600000d" 1}}{{len .}}{{end}}`, "600000", "600000"},
	} {
		for side, want := range map[string]string{analysis.SideCanary: c.canary, analysis.SideBaseline: c.baseline} {
			for name, render := range renderers() {
				got, err := render(c.text, queryData(side))
				if err != nil || got != want {
					t.Errorf("%s: %s for the %s: %q, %v; want %q", name, c.text, side, got, err, want)
				}
			}
		}
		if err := config.CheckQuery(c.text); err != nil {
			t.Errorf("check of %s: %v", c.text, err)
		}
	}
}

func TestQueryErrors(t *testing.T) {
	for _, c := range []struct{ text, message, hint string }{
		{"", "query: empty", ""},
		{" \n", "query: empty", ""},
		{"{{.Vars.zone}}", "template, line 1, column 8: variable zone is not set", "vars"},
		{"a\n{{.Version.Major}}", "template, line 2, column 11: there is no .Version.Major", ".Canary.Version"},
		{"{{.Findings}}", "template, line 1, column 3: there is no .Findings", ".Vars.x"},
		{"{{.Start.Nanos}}", "template, line 1, column 9: there is no .Start.Nanos", ""},
		{"{{Version}}", "template, line 1: there is no function Version", "{{.Version}}"},
		{"{{.Version", "template, line 1: unclosed action", ""},
		{"{{if .Side}}x", "template, line 1: unexpected EOF", ""},
		{"{{end}}", "template, line 1: unexpected {{end}}", ""},
		{"{{range 1000000000}}x{{end}}", "template: {{range}} is not allowed", "values, if and with"},
		{"{{if .Side}}{{range .Vars}}{{end}}{{end}}", "template: {{range}} is not allowed", ""},
		{"{{with .Vars}}{{else}}{{range .}}{{end}}{{end}}", "template: {{range}} is not allowed", ""},
		{`{{define "a"}}{{template "a"}}{{end}}{{template "a"}}`, "template: templates inside it are not allowed", ""},
		{`{{block "a" .}}x{{end}}`, "template: templates inside it are not allowed", ""},
		{`{{template "query" .}}`, "template: {{template}} is not allowed", ""},
		{`{{if eq .Side "neither"}}x{{end}}`, "template: it renders to nothing for the canary", ""},
		{strings.Repeat(`{{printf "%100000d" 1}}`, 11), "template: its text is larger than 1024 KiB", ""},
		{"{{.Start.In nil}}", "template, line 1, column 9: error calling In", ""},
		{"{{index .Vars 1}}", "template, line 1, column 3: error calling index", ""},
	} {
		for name, render := range renderers() {
			_, err := render(c.text, queryData(analysis.SideCanary))
			e := analysis.AsError(err)
			if err == nil || e.Kind != analysis.Invalid || !strings.HasPrefix(e.Message, c.message) || !strings.Contains(e.Hint, c.hint) {
				t.Errorf("%s: %.60q:\n%v\nwant %q, hint %q", name, c.text, err, c.message, c.hint)
			}
		}
	}
}

func TestCheckQueryTakesAnyVariable(t *testing.T) {
	for _, text := range []string{
		"{{.Vars.a}}", "{{$.Vars.a}}", "{{if .Vars.a}}{{.Vars.b}}{{else}}{{.Vars.c}}{{end}}x",
		"{{regex .Vars.a}}", "{{(.Vars.a) | printf \"%s\"}}", "{{with $x := .Vars.a}}{{$x}}{{end}}",
	} {
		if err := config.CheckQuery(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{
		"{{.Vars}} {{.Nothing}}", `{{if eq .Side "baseline"}}{{.Nothing}}{{end}}x`,
	} {
		if err := config.CheckQuery(text); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

// TestRegexMatchesItself takes names as a source quotes them, puts them through
// regex into a double-quoted string, reads that string as PromQL does, and wants
// an expression that matches the name and nothing like it.
func TestRegexMatchesItself(t *testing.T) {
	for _, name := range []string{
		"1.4.2", "a+b", `a\b`, `say "hi"`, "a\nb", `\.`, `\\`, `a|b`, "^$", "(x)[y]{z}", "*?", "ä.ö", "a\tb",
	} {
		d := queryData(analysis.SideCanary)
		quoted := strconv.Quote(name)
		d.Version = quoted[1 : len(quoted)-1]
		text, err := config.Query(`"{{regex .Version}}"`, d)
		if err != nil {
			t.Fatal(err)
		}
		expr, err := strconv.Unquote(text)
		if err != nil {
			t.Errorf("%q: %s is no string: %v", name, text, err)
			continue
		}
		re, err := regexp.Compile("^(?:" + expr + ")$")
		if err != nil || !re.MatchString(name) {
			t.Errorf("%q: %s does not match it, %v", name, expr, err)
			continue
		}
		if other := strings.NewReplacer(".", "x", "|", "").Replace(name); other != name && re.MatchString(other) {
			t.Errorf("%q: %s matches %q too", name, expr, other)
		}
	}
}

func BenchmarkQuery(b *testing.B) {
	d := queryData(analysis.SideCanary)
	b.ReportAllocs()
	for b.Loop() {
		_, err := config.Query(`sum(increase(http_requests_total{app="checkout",version="{{.Version}}",code=~"5.."}[{{.Step}}]))`, d)
		if err != nil {
			b.Fatal(err)
		}
	}
}
