package grafana

import (
	"html"
	"slices"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// How long texts may be: a tag has 100 characters at Grafana, and a text is read in a
// small window.
const (
	maxTag      = 100
	maxText     = 500
	maxFindings = 5
	maxHref     = 1000
)

// annotation is what is sent to Grafana; times are in milliseconds. A change leaves
// out what stays.
type annotation struct {
	DashboardUID string   `json:"dashboardUID,omitempty"`
	Time         int64    `json:"time,omitempty"`
	TimeEnd      int64    `json:"timeEnd,omitempty"`
	Tags         []string `json:"tags"`
	Text         string   `json:"text"`
}

// draw makes the annotation of a delivery, as it is to look after it.
func (a *Action) draw(d analysis.Delivery, m config.Message) (annotation, error) {
	out := annotation{Time: d.Event.At.UnixMilli(), Text: text(m)}
	data := config.NewMessageData(d)
	if run := data.Run; run.ID != "" && !run.StartedAt.IsZero() && run.StartedAt.Before(d.Event.At) {
		out.Time, out.TimeEnd = run.StartedAt.UnixMilli(), d.Event.At.UnixMilli()
	}
	outcome := ""
	if data.Run.Outcome != nil {
		outcome = string(*data.Run.Outcome)
	}
	for _, t := range []struct{ key, value string }{
		{"haldane", ""},
		{"service", data.Run.Service},
		{"environment", data.Run.Environment},
		{"version", data.Run.Version},
		{"plan", data.Plan.Name},
		{"outcome", outcome},
	} {
		if t.value != "" || t.key == "haldane" {
			out.Tags = append(out.Tags, tag(strings.TrimSuffix(t.key+":"+t.value, ":")))
		}
	}
	for _, name := range a.parts.tags {
		s, err := name.Of(data)
		if err != nil {
			return annotation{}, err
		}
		out.Tags = append(out.Tags, tag(s))
	}
	out.Tags = append(out.Tags, own(d))
	slices.Sort(out.Tags)
	out.Tags = slices.Compact(out.Tags)
	var err error
	out.DashboardUID, err = a.parts.dashboard.Of(data)
	return out, err
}

// own is the tag by which the annotation is found again: of its run, or of the event
// when there is none.
func own(d analysis.Delivery) string {
	if d.RunID != "" {
		return tag("run:" + d.RunID)
	}
	return tag("event:" + d.EventID)
}

func tag(s string) string { return config.Cut(s, maxTag) }

// text is what Grafana shows when one points at the annotation. It takes HTML, so what
// comes from outside is escaped.
func text(m config.Message) string {
	lines := []string{"<b>" + escape(m.Title) + "</b>"}
	for _, s := range []string{m.Summary, m.Did, m.Next} {
		if s != "" {
			lines = append(lines, escape(s))
		}
	}
	for i, f := range m.Findings {
		if i == maxFindings {
			lines = append(lines, "... and more metrics: see the report")
			break
		}
		lines = append(lines, "- "+escape(f.Metric+": "+f.What))
	}
	if s := m.TemplateTrouble(); s != "" {
		lines = append(lines, escape(s))
	}
	for _, l := range m.Links {
		if len(l.URL) <= maxHref && len(lines) < 20 {
			lines = append(lines, `<a href="`+html.EscapeString(l.URL)+`">`+escape(l.Text)+`</a>`)
		}
	}
	return strings.Join(lines, "<br>")
}

func escape(s string) string { return html.EscapeString(config.Cut(s, maxText)) }
