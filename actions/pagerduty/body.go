package pagerduty

import (
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// PagerDuty's limits, with some room: a summary has 1024 characters, a dedup_key
// 255, a whole event 512 KB.
const (
	maxSummary  = 1000
	maxText     = 1500
	maxFindings = 30
	maxLinks    = 20
	maxHref     = 2000
)

// alert is an event of /v2/enqueue. A resolve has neither payload nor links.
type alert struct {
	RoutingKey string   `json:"routing_key"`
	Action     what     `json:"event_action"`
	DedupKey   string   `json:"dedup_key"`
	Payload    *payload `json:"payload,omitempty"`
	Links      []link   `json:"links,omitempty"`
	Client     string   `json:"client,omitempty"`
	ClientURL  string   `json:"client_url,omitempty"`
}

// changeEvent is an event of /v2/change/enqueue.
type changeEvent struct {
	RoutingKey string  `json:"routing_key"`
	Payload    payload `json:"payload"`
	Links      []link  `json:"links,omitempty"`
}

// payload is what both kinds tell; only an alert has the fields from severity on.
type payload struct {
	Summary   string  `json:"summary"`
	Source    string  `json:"source"`
	Timestamp string  `json:"timestamp"`
	Details   details `json:"custom_details"`
	Severity  string  `json:"severity,omitempty"`
	Component string  `json:"component,omitempty"`
	Group     string  `json:"group,omitempty"`
	Class     string  `json:"class,omitempty"`
}

// details are shown as a table, in this order.
type details struct {
	Summary    string            `json:"what happened,omitempty"`
	Did        string            `json:"what Haldane did,omitempty"`
	Next       string            `json:"what to do now,omitempty"`
	Findings   []string          `json:"metrics,omitempty"`
	Facts      map[string]string `json:"facts,omitempty"`
	DeliveryID string            `json:"delivery_id"` // the same at every attempt
}

type link struct {
	Href string `json:"href"`
	Text string `json:"text,omitempty"`
}

// about words an event for PagerDuty. All of it is fixed by the event, so that a
// repeat says the same.
func about(d analysis.Delivery, m config.Message) payload {
	p := payload{
		Summary: config.Cut(m.Title, maxSummary), Source: source(d.Event),
		Timestamp: d.Event.At.UTC().Format(time.RFC3339),
		Details: details{
			Summary: config.Cut(m.Summary, maxText), Did: config.Cut(m.Did, maxText), Next: config.Cut(m.Next, maxText),
			Facts: map[string]string{}, DeliveryID: d.ID,
		},
	}
	for i, f := range m.Findings {
		if i == maxFindings {
			p.Details.Findings = append(p.Details.Findings, "... and more: see the report")
			break
		}
		p.Details.Findings = append(p.Details.Findings, config.Cut(f.Text(), maxText))
	}
	for _, f := range m.Facts {
		p.Details.Facts[f.Key] = config.Cut(f.Value, maxSummary)
	}
	return p
}

// source is the affected system: PagerDuty wants a place that is unique.
func source(e analysis.Event) string {
	s := strings.Trim(e.Service+"/"+e.Environment, "/")
	if s == "" {
		s = "haldane"
	}
	return config.Cut(s, maxSummary)
}

func links(m config.Message) []link {
	var out []link
	for _, l := range m.Links {
		if len(l.URL) <= maxHref && len(out) < maxLinks { // cut, it would lead elsewhere
			out = append(out, link{l.URL, config.Cut(l.Text, 200)})
		}
	}
	return out
}

// triggered makes the alert of an event.
func (a *Action) triggered(d analysis.Delivery, m config.Message, key string) alert {
	p := about(d, m)
	p.Severity, p.Class = severity(m), string(d.Event.Type)
	p.Component, p.Group = config.Cut(d.Event.Service, maxSummary), config.Cut(d.Event.Environment, maxSummary)
	out := alert{
		RoutingKey: a.settings.RoutingKey.Reveal(), Action: trigger, DedupKey: key,
		Payload: &p, Links: links(m), Client: "Haldane", ClientURL: a.settings.ClientURL,
	}
	if n := d.Event.Notice; out.ClientURL == "" && n != nil && strings.HasPrefix(n.Report, "http") {
		out.ClientURL = n.Report
	}
	return out
}
