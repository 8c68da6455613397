package config_test

import (
	"encoding/json"
	"encoding/xml"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// messageData is what templates see of a failed release of this version.
func messageData(version string) config.MessageData {
	e := messageEvent(analysis.EventRunFailed, messageRollback(analysis.RollbackSending, ""),
		func(_ *analysis.Event, n *analysis.Notice, r *analysis.Run) {
			r.Version = version
			r.Variables = map[string]string{"region": "eu"}
			n.Plan.Labels = map[string]string{"tier": "1"}
		})
	return config.NewMessageData(analysis.Delivery{ID: "dlv_1", Event: e})
}

// TestMessageTemplates renders templates for each place.
func TestMessageTemplates(t *testing.T) {
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
	asJSON, text := body("application/json"), body("text/plain")
	const odd = `1"<&>'é /?#%`
	for _, c := range []struct {
		name, template, want string
		parse                func(string) (*config.MessageTemplate, error)
	}{
		{"path", "https://h/v/{{.Run.Version}}/x", "https://h/v/1%22%3C&%3E%27%C3%A9%20%2F%3F%23%25/x", link},
		{"part of a segment", "http://h:8080/v-{{.Run.Version}}.tgz", "http://h:8080/v-1%22%3C&%3E%27%C3%A9%20%2F%3F%23%25.tgz", link},
		{"query", "https://h?v={{.Run.Version}}&x", "https://h?v=1%22%3C%26%3E%27%C3%A9+%2F%3F%23%25&x", link},
		{"key of the query", "https://h/?{{.Run.Version}}=1", "https://h/?1%22%3C%26%3E%27%C3%A9+%2F%3F%23%25=1", link},
		{"both ways through an if", "https://h/{{if .Hold}}a{{else}}{{.Rollback.To}}{{end}}", "https://h/1.4.1", link},
		{"range in a path", "https://h/{{range .Findings}}{{.Metric}}-{{end}}", "https://h/p99-saturation-cpu-errors-", link},
		{"variable", "https://h/{{$v := .Rollback.To}}{{$v}}", "https://h/1.4.1", link},
		{"comment", "https://h/{{/* no */}}a", "https://h/a", link},
		{"piped", "https://h/{{.Run.Version | printf \"%s!\"}}", "https://h/1%22%3C&%3E%27%C3%A9%20%2F%3F%23%25%21", link},
		{"inside quotes", `{"v": "v{{.Run.Version}}"}`, `{"v": "v1\"<&>'é /?#%"}`, asJSON},
		{"outside quotes", `{"v": {{.Run.Version}}}`, `{"v": "1\"<&>'é /?#%"}`, asJSON},
		{"a number", `{"s": {{.Run.Score}}, "t": "{{.Run.Score}}"}`, `{"s": 51.25, "t": "51.25"}`, asJSON},
		{"json", `{"v": {{json .Rollback}}}`, `{"v": {"from":"1.4.2","to":"1.4.1"}}`, asJSON},
		{"JSON in a string", `{"v": "{{json .Rollback}}"}`, `{"v": "{\"from\":\"1.4.2\",\"to\":\"1.4.1\"}"}`, asJSON},
		{"escaped quotes in the text", `{"a\"b": "{{.Rollback.To}}\\"}`, `{"a\"b": "1.4.1\\"}`, asJSON},
		{"a list", `[{{range $i, $f := .Findings}}{{if $i}},{{end}}{{$f.Metric}}{{end}}]`, `["p99","saturation","cpu","errors"]`, asJSON},
		{"with", `{{with .Rollback}}{"to": {{.To}}}{{else}}{}{{end}}`, `{"to": "1.4.1"}`, asJSON},
		{"nothing is null", `{"h": {{.Hold}}}`, `{"h": null}`, asJSON},
		{"of a JSON kind", `{"v": {{.Run.Version}}}`, `{"v": "1\"<&>'é /?#%"}`, body("application/cloudevents+json; charset=utf-8")},
		{"form", `v={{.Run.Version}}&t=1`, "v=1%22%3C%26%3E%27%C3%A9+%2F%3F%23%25&t=1", body("application/x-www-form-urlencoded")},
		{"XML", `<v>{{.Run.Version}}</v>`, `<v>1&#34;&lt;&amp;&gt;&#39;é /?#%</v>`, body("application/xml")},
		{"text", `{{.Run.Version}}`, odd, text},
		{"unknown kind", `{{.Run.Version}}`, odd, body("nonsense")},
		{"header", "v{{.Run.Version}}", "v" + odd, config.ParseHeaderTemplate},
		{"no template", "Bearer abc", "Bearer abc", config.ParseHeaderTemplate},
		{"functions", `{{lower "AB"}} {{upper .Run.Service}} {{replace "." "-" .Rollback.To}} {{trimPrefix "1." .Rollback.To}} {{trimSuffix ".1" .Rollback.To}}`, "ab CHECKOUT 1-4-1 4.1 1.4", text},
		{"default", `{{default "none" .Run.Phase}} {{default "none" .Run.ReleaseID}} {{default "none" .Hold}}`, "none rel-7 none", text},
		{"maps", `{{.Run.Variables.region}} {{.Plan.Labels.tier}} {{index .Run.Links "commit"}}`, "eu 1 https://git.example.com/c/1", text},
		{"times", `{{.Event.At}} {{.Event.At.Unix}}`, "2026-03-04T03:05:00Z 1772593500", text},
		{
			"the rest", `{{.Type}} {{.DeliveryID}} {{.Reason}} {{.Runbook}} {{.ReportURL}} {{.Plan.Owner}} {{.Event.Who}} {{.Run.Outcome}}`,
			"run.failed dlv_1 errors rose from 0.1 % to 5 % https://runbooks.example.com/checkout https://haldane.example.com/runs/r1 team-checkout haldane fail", text,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			tmpl, err := c.parse(c.template)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := tmpl.Render(messageData(odd)); err != nil || got != c.want {
				t.Errorf("%s\ngot  %s\nwant %s\nerror %v", c.template, got, c.want, err)
			}
		})
	}
}

// TestMessageTemplateErrors: errors of a body say what and where, those of texts
// that may be secret say less.
func TestMessageTemplateErrors(t *testing.T) {
	for _, c := range []struct{ template, says string }{
		{`{{.Run.Vresion}}`, "line 1: it uses a field that does not exist (.Run.Vresion"},
		{"\n{{.Nope}}", "line 2: it uses a field that does not exist (.Nope"},
		{`{{nope .Run}}`, "it uses a function that does not exist"},
		{`{{.Run.Version`, "is not closed"},
		{`{{if .Run}}`, "{{end}} is missing"},
		{`{{end}}`, "{{end}} too many"},
		{`{{lower}}`, "function"},
		{`{{range .Findings}}{{break}}{{end}}`, "not supported"},
		{`{{range .Findings}}"{{end}}`, "different parts"},
		{`{"a": "\{{.Reason}}"}`, "backslash"},
		{`{{len 3}}`, "not understood"},
	} {
		_, err := config.ParseBodyTemplate(c.template, "application/json")
		if analysis.KindOf(err) != analysis.Invalid || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want invalid: %q", c.template, err, c.says)
		}
		_, err = config.ParseHeaderTemplate(c.template + "{{.PLANTED}}")
		if err != nil && (strings.Contains(err.Error(), "PLANTED") || strings.Contains(err.Error(), "Vresion")) {
			t.Errorf("the error quotes a header: %v", err)
		}
	}
}

// TestMessageTemplateTooLarge: a template cannot fill the memory.
func TestMessageTemplateTooLarge(t *testing.T) {
	tmpl, err := config.ParseBodyTemplate(`{{range .Findings}}{{range $.Findings}}{{$.Reason}}{{end}}{{end}}`, "text/plain")
	if err != nil {
		t.Fatal(err)
	}
	d := messageData("1")
	d.Reason = strings.Repeat("x", 100<<10)
	if _, err := tmpl.Render(d); analysis.KindOf(err) != analysis.Invalid || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("error %v, want invalid: larger than", err)
	}
}

// FuzzMessageValue: whatever a version is, it comes out of a URL, a JSON body and
// an XML body as what it is, or is refused.
func FuzzMessageValue(f *testing.F) {
	for _, s := range []string{"1.4.2", `1"} {"x`, "../../admin?x=1#", "", "%2e%2e", "a\x00b", "\\", "{{.Run}}", "\xff"} {
		f.Add(s)
	}
	link, err := config.ParseURLTemplate("https://h/a/{{.Run.Version}}/b?v={{.Run.Version}}&w=1")
	if err != nil {
		f.Fatal(err)
	}
	bodies := map[string]*config.MessageTemplate{}
	for kind, text := range map[string]string{
		"application/json": `{"v": "{{.Run.Version}}", "w": {{.Run.Version}}}`,
		"application/xml":  `<v>{{.Run.Version}}</v>`,
	} {
		if bodies[kind], err = config.ParseBodyTemplate(text, kind); err != nil {
			f.Fatal(err)
		}
	}
	header, err := config.ParseHeaderTemplate("{{.Run.Version}}")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, version string) {
		d := messageData(version)
		if s, err := link.Render(d); err == nil {
			u, err := url.Parse(s)
			if err != nil || u.Host != "h" || u.Path != "/a/"+version+"/b" || u.Query().Get("v") != version || len(u.Query()) != 2 || u.Fragment != "" {
				t.Errorf("%q became %s", version, s)
			}
		}
		if s, err := header.Render(d); err == nil && strings.ContainsAny(s, "\r\n\x00") {
			t.Errorf("%q became the header %q", version, s)
		}
		var asJSON struct{ V, W string }
		s, err := bodies["application/json"].Render(d)
		if err != nil || json.Unmarshal([]byte(s), &asJSON) != nil || utf8.ValidString(version) && (asJSON.V != version || asJSON.W != version) {
			t.Errorf("%q became %s, error %v", version, s, err)
		}
		var asXML string
		s, err = bodies["application/xml"].Render(d)
		if err != nil || xml.Unmarshal([]byte(s), &asXML) != nil {
			t.Errorf("%q became %s, error %v", version, s, err)
		}
	})
}

// TestMessageDataWithoutRun: what is known of a rollback without a run stands where
// templates look for it.
func TestMessageDataWithoutRun(t *testing.T) {
	d := config.NewMessageData(analysis.Delivery{ID: "dlv_1", Event: analysis.Event{
		Service: "checkout", Environment: "production", At: time.Unix(0, 0),
		Notice: &analysis.Notice{Rollback: &analysis.RollbackTarget{From: "2", To: "1"}},
	}})
	if r := d.Run; r.Service != "checkout" || r.Environment != "production" || r.Version != "2" || r.BaselineVersion != "1" {
		t.Errorf("run %+v", r)
	}
	if d := config.NewMessageData(analysis.Delivery{}); d.Rollback != nil || d.Run.ID != "" {
		t.Errorf("of nothing came %+v", d)
	}
}
