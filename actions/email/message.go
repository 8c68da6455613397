package email

import (
	"bytes"
	"html/template"
	"strings"

	"github.com/wneessen/go-mail"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// How long texts may be.
const (
	maxSubject  = 200
	maxText     = 600
	maxFindings = 20
	maxWarnings = 3
	maxURL      = 2000
)

// The refs of a receipt, by which later mails of the run join the thread.
const (
	refID      = "message_id"
	refRoot    = "thread"
	refSubject = "subject"
)

// thread is where a mail stands.
type thread struct{ id, root, last, subject string }

// threadOf finds the thread of a run in the receipts of earlier mails, or begins one.
func (a *Action) threadOf(d analysis.Delivery, m config.Message) thread {
	t := thread{id: d.ID + "@" + helo(a.parts.from.Address), subject: config.Cut(m.Title, maxSubject)}
	for _, r := range d.Earlier {
		if r.Refs[refID] == "" || r.Refs[refRoot] == "" {
			continue
		}
		t.last = r.Refs[refID]
		if t.root == "" {
			t.root, t.subject = r.Refs[refRoot], r.Refs[refSubject]
		}
	}
	return t
}

func (t thread) refs() map[string]string {
	root := t.root
	if root == "" {
		root = t.id
	}
	return map[string]string{refID: t.id, refRoot: root, refSubject: t.subject}
}

// write makes the mail of a delivery. picture is a PNG that is shown in it; nil is none.
func (a *Action) write(d analysis.Delivery, m config.Message, t thread, picture []byte) (*mail.Msg, error) {
	out := mail.NewMsg(mail.WithNoDefaultUserAgent())
	out.FromMailAddress(a.parts.from)
	to, err := a.recipients(d)
	if err != nil {
		return nil, err
	}
	if err := out.To(to...); err != nil {
		return nil, analysis.Errorf(analysis.Invalid, "%s: to: not an address", a.who).Because(err)
	}
	out.SetMessageIDWithValue(t.id)
	out.SetDateWithValue(d.Event.At)
	out.SetUserAgent(web.Agent(a.version))
	out.SetGenHeader("Auto-Submitted", "auto-generated") // nobody's holiday note answers it
	if t.root == "" {
		out.Subject(t.subject)
	} else {
		out.Subject("Re: " + t.subject)
		out.SetGenHeaderPreformatted(mail.HeaderInReplyTo, "<"+t.last+">")
		references := "<" + t.root + ">"
		if t.last != t.root {
			references += " <" + t.last + ">"
		}
		out.SetGenHeaderPreformatted(mail.HeaderReferences, references)
	}
	if m.Urgent {
		out.SetImportance(mail.ImportanceHigh)
	}
	m = shortened(m)
	page, err := html(m, picture != nil)
	if err != nil {
		return nil, analysis.Errorf(analysis.Internal, "%s: the mail cannot be written", a.who).Because(err)
	}
	out.SetBodyString(mail.TypeTextPlain, m.Text())
	out.AddAlternativeString(mail.TypeTextHTML, page)
	if picture != nil {
		err := out.EmbedReader("chart.png", bytes.NewReader(picture), mail.WithFileContentID("<chart>"), mail.WithFileContentType("image/png"))
		if err != nil {
			return nil, analysis.Errorf(analysis.Internal, "%s: the picture cannot be shown", a.who).Because(err)
		}
	}
	return out, nil
}

// shortened cuts what is longer than anybody reads.
func shortened(m config.Message) config.Message {
	m.Title, m.Summary, m.Did, m.Next = config.Cut(m.Title, maxText), config.Cut(m.Summary, maxText), config.Cut(m.Did, maxText), config.Cut(m.Next, maxText)
	var findings []config.Line
	for i, f := range m.Findings {
		if i == maxFindings {
			findings = append(findings, config.Line{Metric: "and more", What: "see the report."})
			break
		}
		f.Metric, f.What, f.Numbers = config.Cut(f.Metric, maxText), config.Cut(f.What, maxText), config.Cut(f.Numbers, maxText)
		var warnings []string
		for _, w := range f.Warnings[:min(maxWarnings, len(f.Warnings))] {
			warnings = append(warnings, config.Cut(w, maxSubject))
		}
		f.Warnings = warnings
		findings = append(findings, f)
	}
	m.Findings = findings
	var facts []config.Fact
	for _, f := range m.Facts {
		facts = append(facts, config.Fact{Key: f.Key, Value: config.Cut(f.Value, maxText)})
	}
	m.Facts = facts
	var links []config.Link
	for _, l := range m.Links {
		if len(l.URL) <= maxURL { // cut, it would lead elsewhere
			links = append(links, config.Link{Text: config.Cut(l.Text, maxSubject), URL: l.URL})
		}
	}
	m.Links = links
	return m
}

// html writes the page of a mail. html/template escapes all that comes from outside.
func html(m config.Message, picture bool) (string, error) {
	colors := map[config.Mood]string{config.MoodGood: "#009e73", config.MoodBad: "#d55e00", config.MoodUnsure: "#e69f00", config.MoodNeutral: "#999999"}
	t, err := template.New("mail").Parse(page)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, struct {
		config.Message

		Color   string
		Picture template.URL
	}{m, colors[m.Mood], map[bool]template.URL{true: "cid:chart"}[picture]})
	return b.String(), err
}

// page is the mail as HTML: styles stand in it, because mail programs load none.
const page = `<!doctype html>
<html><head><meta charset="utf-8"><title>{{.Title}}</title></head>
<body style="font-family: sans-serif; color: #222; max-width: 50em">
<h2 style="border-left: 0.4em solid {{.Color}}; padding-left: 0.6em; margin: 0 0 0.6em">{{.Title}}</h2>
{{with .Summary}}<p>{{.}}</p>{{end}}
{{with .Did}}<p>{{.}}</p>{{end}}
{{with .Next}}<p><b>Next:</b> {{.}}</p>{{end}}
{{with .Picture}}<p><img src="{{.}}" alt="the worst metrics" style="max-width: 100%"></p>{{end}}
{{with .Findings}}<ul>{{range .}}
<li><b>{{.Metric}}</b>{{if .Critical}} (critical){{end}}: {{.What}}{{with .Numbers}}<br><small>{{.}}</small>{{end}}
{{range .Warnings}}<br><small>Warning: {{.}}</small>{{end}}{{with .Link}}<br><a href="{{.}}">query</a>{{end}}</li>{{end}}
</ul>{{end}}
<p>{{range .Links}}<a href="{{.URL}}">{{.Text}}</a> &nbsp; {{end}}</p>
<table style="color: #666; font-size: 90%">{{range .Facts}}
<tr><td>{{.Key}}</td><td>{{.Value}}</td></tr>{{end}}
</table>
</body></html>
`
