package alertmanager

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// How long texts may be. Alertmanager has no limits of its own, but those that it
// passes an alert on to have, and a receipt keeps all of it.
const (
	maxLabel    = 200
	maxText     = 500
	maxFindings = 10
	maxLink     = 2000
)

// alert is one of POST /api/v2/alerts.
type alert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt,omitzero"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// fixedLabels are those that Haldane sets.
var fixedLabels = map[string]bool{"alertname": true, "service": true, "environment": true, "plan": true, "severity": true}

// id is what makes an alert the same one: its labels.
func (a alert) id() string {
	b, _ := json.Marshal(a.Labels) // sorted by their names
	return string(b)
}

// with returns the alert with one more annotation.
func (a alert) with(name, text string) alert {
	a.Annotations = maps.Clone(a.Annotations)
	a.Annotations[name] = text
	return a
}

// raise makes the alert of an event. All of it is fixed by the event, so that a
// repeat is the same alert.
func (a *Action) raise(name string, d analysis.Delivery, m config.Message) alert {
	out := alert{
		Labels: a.labels(name, d, m), StartsAt: d.Event.At.UTC().Truncate(time.Millisecond),
		Annotations: map[string]string{
			"summary": config.Cut(m.Title, maxText), "description": description(m), "delivery_id": d.ID,
		},
	}
	for _, l := range m.Links {
		switch {
		case len(l.URL) > maxLink:
		case l.Text == "Runbook":
			out.Annotations["runbook_url"] = l.URL
		case l.Text == "Report":
			out.GeneratorURL = l.URL
		}
	}
	return out
}

// ends returns the alert with its end, which Alertmanager does not take before its
// start: the clocks of two replicas may differ.
func (a alert) ends(t time.Time) alert {
	if a.EndsAt = t.UTC(); a.EndsAt.Before(a.StartsAt) {
		a.EndsAt = a.StartsAt
	}
	return a
}

// labels are what Alertmanager tells alerts apart and routes by. None of them changes
// within a run; the version stands in the annotations, so that the next bad release
// is not another alert. A further label that this event cannot fill in is left out:
// better an alert without it than none.
func (a *Action) labels(name string, d analysis.Delivery, m config.Message) map[string]string {
	data, plan := config.NewMessageData(d), analysis.PlanFacts{}
	if d.Event.Notice != nil {
		plan = d.Event.Notice.Plan
	}
	out := map[string]string{}
	for k, v := range plan.Labels {
		if k = labelName(k); !fixedLabels[k] {
			out[k] = v
		}
	}
	for k, template := range a.parts.labels {
		v, err := template.Of(data)
		if err != nil && a.log != nil {
			a.log.Warn("a label of an alert is left out", "action", a.name, "label", k, "error", err.Error())
		}
		out[k] = v
	}
	out["alertname"], out["severity"] = name, severity(m)
	out["service"], out["environment"], out["plan"] = data.Run.Service, data.Run.Environment, plan.Name
	for k, v := range out {
		if out[k] = config.Cut(v, maxLabel); out[k] == "" {
			delete(out, k) // an empty label is none
		}
	}
	return out
}

// labelName makes a label's name of a plan's.
func labelName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, s)
	if s == "" || s[0] >= '0' && s[0] <= '9' || strings.HasPrefix(s, "__") {
		s = "label_" + s
	}
	return s
}

// severity is the plan's for what is bad, a warning at most for what nobody knows.
func severity(m config.Message) string {
	known := []string{"info", "warning", "error", "critical"}
	s := m.Severity
	if !slices.Contains(known, s) {
		s = "critical"
	}
	if m.Mood == config.MoodUnsure && slices.Index(known, s) > slices.Index(known, "warning") {
		s = "warning"
	}
	return s
}

// description says what happened, what Haldane did, what to do now, and which metrics
// are to blame.
func description(m config.Message) string {
	var lines []string
	for _, s := range []string{m.Summary, m.Did, m.Next} {
		if s != "" {
			lines = append(lines, config.Cut(s, maxText))
		}
	}
	for i, f := range m.Findings {
		if i == maxFindings {
			lines = append(lines, "- and more metrics: see the report")
			break
		}
		lines = append(lines, "- "+config.Cut(f.Text(), maxText))
	}
	if s := m.TemplateTrouble(); s != "" {
		lines = append(lines, config.Cut(s, maxText))
	}
	return strings.Join(lines, "\n")
}

// The alerts of a run that are alive stand in its receipts: whoever is told next goes
// on with them.
const refAlive = "alive"

// alive reads them from the last receipt that has them.
func alive(earlier []analysis.Receipt) []alert {
	for _, r := range slices.Backward(earlier) {
		var list []alert
		if text, ok := r.Refs[refAlive]; ok && json.Unmarshal([]byte(text), &list) == nil {
			return list
		}
	}
	return nil
}

// refs keeps them.
func refs(list []alert) (map[string]string, error) {
	if list == nil {
		list = []alert{}
	}
	text, err := web.Encode(list)
	return map[string]string{refAlive: string(text)}, err
}
