package config_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// maxRendered is how large what a template makes may be.
const maxRendered = 1 << 20

// FuzzMessageTemplate parses anything at all as a template of each place, and fills it in
// with any version: there are errors of kind Invalid, nothing grows without end, and a
// version changes nothing but the words that it stands for: not what a body or an address
// is made of.
func FuzzMessageTemplate(f *testing.F) {
	double := `{{$a := printf "%s%s" .Reason .Reason}}` + strings.Repeat(`{{$a = printf "%s%s" $a $a}}`, 40)
	for _, text := range []string{
		`{"v": "{{.Run.Version}}", "w": [{{.Run.Version}}, {{json .Findings}}, {{.Hold}}]}`, `{"{{.Run.Version}}": 1, "a\"{{.Run.Version}}\\": "{{html .Run.Version}}"}`,
		`<v a="{{.Run.Version}}">{{.Run.Version}}</v>`, `v={{.Run.Version}}&w={{.Reason}}`, `https://h/a-{{.Run.Version}}/b?v={{.Run.Version}}&{{.Run.Version}}=1`,
		`https://h/{{range .Findings}}{{.Metric}}{{end}}?x`, `{{if .Rollback}}{{.Rollback.To}}{{else}}x{{end}}`, `{{- .Run.Version -}}`, `{{/* {{ */}}`,
		`{{define "a"}}{{template "a"}}{{end}}{{template "a"}}`, `{{range 999999999}}x{{end}}`, `{{range 9223372036854775807}}{{end}}`, `{{range .Findings}}` + strings.Repeat(`{{range $.Findings}}`, 30) + strings.Repeat(`{{end}}`, 31),
		`{{$a := .Reason}}{{range 999}}{{$a = json $a}}{{end}}`, `{{$a := .Reason}}` + strings.Repeat(`{{$a = _query $a}}`, 99), `{{printf "%999999999d" 1}}`, `{{printf "%*d" 999999 1}}`, double,
		`{{$a := "aaaaaaaa"}}` + strings.Repeat(`{{$a = replace "a" $a $a}}`, 9) + `{{len $a}}`, `{{.Run.Version | printf "%q" | js | urlquery}}`,
		`{{$a := .Reason}}` + strings.Repeat(`{{$a = print $a $a | js}}`, 60) + `{{$a}}`, `{{with $x := .Run}}{{$x.Version}}{{end}}`, `{{index .Run.Variables "region"}}`,
		`{{.Run.Links.x}}{{.Plan.Labels.y}}`, `{{call .Run.Version}}`, `{{slice .Run.Version 1 99}}`, `{{.Event.At.Add 99}}`, `{{.Run.Snapshot.Metric "x"}}`,
	} {
		for place := range uint8(6) {
			f.Add(place, text, `1"} {'<&>/../?#%=;`)
		}
	}
	f.Fuzz(func(t *testing.T, place uint8, text, version string) {
		parse := templateKinds()[int(place)%len(templateKinds())]
		tmpl, err := parse.parse(text)
		if err != nil {
			if analysis.KindOf(err) != analysis.Invalid {
				t.Fatalf("%s: %v", parse.name, err)
			}
			return
		}
		var shapes []string
		for _, v := range []string{"1.4.2", version} {
			out, err := tmpl.Render(messageData(v))
			if err != nil {
				if analysis.KindOf(err) != analysis.Invalid {
					t.Fatalf("%s: %v", parse.name, err)
				}
				return
			}
			if len(out) > maxRendered {
				t.Fatalf("%d bytes", len(out))
			}
			shapes = append(shapes, parse.shape(out))
		}
		if !deciding.MatchString(text) && utf8.ValidString(version) && shapes[0] != shapes[1] {
			t.Fatalf("%s %s: with version %q it is\n%s, not\n%s", parse.name, text, version, shapes[1], shapes[0])
		}
	})
}

// deciding are words of templates that may rightly do something else for another version.
var deciding = regexp.MustCompile(`if|with|range|and|or|not|eq|ne|lt|le|gt|ge|len|index|slice|trim|replace|default|lower|upper|print`)

// templateKind parses a kind of template, and says of what it makes what must not change.
type templateKind struct {
	name  string
	parse func(string) (*config.MessageTemplate, error)
	shape func(string) string
}

func templateKinds() []templateKind {
	body := func(kind string) func(string) (*config.MessageTemplate, error) {
		return func(s string) (*config.MessageTemplate, error) { return config.ParseBodyTemplate(s, kind) }
	}
	link := func(s string) (*config.MessageTemplate, error) {
		u, err := config.ParseURLTemplate(s)
		if err != nil {
			return nil, err
		}
		return u.MessageTemplate, nil
	}
	marks := func(s string) string {
		return fmt.Sprint(strings.Count(s, "&"), strings.Count(s, "="), strings.Count(s, ";"))
	}
	return []templateKind{
		{"JSON", body("application/json"), shapeOfJSON},
		{"XML", body("application/xml"), shapeOfXML},
		{"form", body("application/x-www-form-urlencoded"), marks},
		{"URL", link, func(s string) string {
			u, err := url.Parse(s)
			if err != nil {
				return "no URL: " + err.Error()
			}
			return fmt.Sprint(u.Scheme, u.User, u.Host, strings.Count(u.EscapedPath(), "/"), u.Fragment, marks(u.RawQuery))
		}},
		{"header", config.ParseHeaderTemplate, func(s string) string { return strconv.FormatBool(strings.ContainsAny(s, "\r\n\x00\x7f")) }},
		{"text", body("text/plain"), func(string) string { return "" }},
	}
}

func shapeOfJSON(s string) string {
	var b strings.Builder
	d := json.NewDecoder(strings.NewReader(s))
	for token, err := d.Token(); err == nil; token, err = d.Token() {
		if delimiter, ok := token.(json.Delim); ok {
			b.WriteString(delimiter.String())
		} else {
			fmt.Fprintf(&b, "%T,", token)
		}
	}
	return b.String()
}

func shapeOfXML(s string) string {
	var b strings.Builder
	d := xml.NewDecoder(strings.NewReader(s))
	for token, err := d.Token(); err == nil; token, err = d.Token() {
		switch token := token.(type) {
		case xml.StartElement:
			fmt.Fprintf(&b, "<%s %d>", token.Name.Local, len(token.Attr))
		case xml.EndElement:
			b.WriteString("</>")
		case xml.Comment, xml.Directive, xml.ProcInst:
			fmt.Fprintf(&b, "%T", token)
		}
	}
	return b.String()
}

// FuzzQueryValue: whatever a value is, in a string of a query and in a regular expression
// in one it is what it is, and nothing behind it changes.
func FuzzQueryValue(f *testing.F) {
	for _, value := range []string{"1.4.2", `1"} or up{a=~".*`, `\`, `\"`, "a|b", "^$", "a\nb", "\xff", "é.*", "{{.Version}}", `\Q.*\E`, "(?i)", "-", "]"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		d := queryData(analysis.SideCanary)
		quoted := strings.TrimSuffix(strings.TrimPrefix(strconv.Quote(value), `"`), `"`) // as sources do
		d.Version, d.Vars = quoted, map[string]string{"x": quoted}
		out, err := config.Query(`{a="{{.Version}}",b=~"{{regex .Vars.x}}"}`, d)
		if err != nil {
			t.Fatal(err)
		}
		rest := strings.TrimPrefix(out, "{a=")
		first, err := strconv.QuotedPrefix(rest)
		rest, ok := strings.CutPrefix(rest[len(first):], ",b=~")
		if !ok || err != nil {
			t.Fatalf("%q became %s", value, out)
		}
		second, err := strconv.QuotedPrefix(rest)
		if err != nil || rest[len(second):] != "}" {
			t.Fatalf("%q became %s", value, out)
		}
		if got, err := strconv.Unquote(first); err != nil || got != value {
			t.Fatalf("%q became %s", value, first)
		}
		expression, err := strconv.Unquote(second)
		if err != nil || !utf8.ValidString(value) {
			return // no regular expression matches bytes that are no text
		}
		re, err := regexp.Compile("^(?s:" + expression + ")$") // as Prometheus does
		if err != nil || !re.MatchString(value) || re.MatchString(value+"x") || re.MatchString("x"+value) {
			t.Fatalf("%q became the expression %s, error %v", value, expression, err)
		}
		few := 1 + len(value)/50 // each match of a long one takes long
		for i, r := range value {
			if i%few != 0 {
				continue
			}
			if other := value[:i] + "☃" + value[i+utf8.RuneLen(r):]; r != '☃' && re.MatchString(other) {
				t.Fatalf("the expression %s for %q matches %q", expression, value, other)
			}
		}
	})
}
