package config

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"
	"text/template"

	"github.com/haldane-dev/haldane/analysis"
)

// MessageData is what the templates of webhooks and messages see: bodies, URLs and
// headers, names in settings, and the texts that replace Haldane's own words (Texts). A
// template is Go's text/template; a key that does not exist is an error.
//
//	.Type        run.failed, rollback.verified, ...: as in the webhook's body
//	.DeliveryID  the same at every repeat
//	.Run         the run: .Run.ID .Run.Service .Run.Environment .Run.Version
//	             .Run.BaselineVersion .Run.Plan .Run.ReleaseID .Run.Variables.x
//	             .Run.Links.x .Run.Outcome .Run.Score .Run.URL and the rest of the
//	             API's run; of a rollback without a run: what is known of it
//	.Rollback    .Rollback.From .Rollback.To; nothing (an error to use) when the
//	             event orders no rollback: {{with .Rollback}}...{{end}}; how one goes
//	             on is in .Run.Rollback.State .Run.Rollback.To .Run.Rollback.Reason
//	.Reason      one sentence
//	.Findings    a list of .Metric .Class .Bad .Reason ...
//	.Runbook     the plan's runbook
//	.ReportURL   the run's page
//	.Plan        .Plan.Name .Plan.Owner .Plan.Severity .Plan.Labels.x
//	.Event       .Event.ID .Event.At .Event.Who .Event.Text
//	.Hold        of hold.engaged and hold.released, else nothing
//	.Failed      of delivery.failed: .Failed.Action .Failed.Error, else nothing
//
// Functions, besides those of text/template:
//
//	json          a value as JSON
//	lower, upper  {{lower .Run.Version}}
//	replace       {{replace "+" "-" .Run.Version}}
//	trimPrefix    {{trimPrefix "v" .Run.Version}}
//	trimSuffix    {{trimSuffix "-rc" .Run.Version}}
//	default       {{default "none" .Run.ReleaseID}}
//
// Every value is escaped for where it lands, without being asked: see
// ParseURLTemplate, ParseHeaderTemplate and ParseBodyTemplate. Texts are plain: the
// channel escapes them.
type MessageData struct {
	Type       analysis.EventType
	DeliveryID string
	Run        analysis.Run
	Rollback   *analysis.RollbackTarget
	Reason     string
	Findings   []analysis.Finding
	Runbook    string
	ReportURL  string
	Plan       analysis.PlanFacts
	Event      analysis.Event
	Hold       *analysis.Hold
	Failed     *analysis.FailedDelivery
}

// NewMessageData returns what the templates of a delivery see.
func NewMessageData(d analysis.Delivery) MessageData {
	n := analysis.Notice{}
	if d.Event.Notice != nil {
		n = *d.Event.Notice
	}
	m := MessageData{
		Type: d.Event.Type, DeliveryID: d.ID, Event: d.Event, Rollback: n.Rollback, Reason: n.Reason,
		Findings: n.Findings, Runbook: n.Runbook, ReportURL: n.Report, Plan: n.Plan, Hold: n.Hold, Failed: n.Failed,
	}
	if n.Run != nil {
		m.Run = *n.Run
		return m
	}
	m.Run.Service, m.Run.Environment = d.Event.Service, d.Event.Environment
	if n.Rollback != nil {
		m.Run.Version, m.Run.BaselineVersion = n.Rollback.From, n.Rollback.To
	}
	return m
}

// messageFunctions are the functions that templates may call, and those that make values
// fit, for one time that a template is filled in.
func messageFunctions(a *allowance) template.FuncMap {
	all := a.functions()
	maps.Copy(all, escapers(a))
	maps.Copy(all, template.FuncMap{
		"json":  a.json,
		"lower": strings.ToLower,
		"upper": strings.ToUpper,
		"replace": func(old, to, s string) (string, error) {
			if err := a.allows(len(s) + strings.Count(s, old)*len(to)); err != nil {
				return "", err
			}
			return a.made(strings.ReplaceAll(s, old, to))
		},
		"trimPrefix": func(prefix, s string) string { return strings.TrimPrefix(s, prefix) },
		"trimSuffix": func(suffix, s string) string { return strings.TrimSuffix(s, suffix) },
		"default": func(instead string, v any) (string, error) {
			s, err := printed(v)
			if s == "" || err != nil {
				return instead, nil //nolint:nilerr // what cannot be printed is what the default is for
			}
			return s, nil
		},
	})
	return all
}

// rawJSON is text that is JSON already.
type rawJSON string

// encodeJSON writes a value as JSON. HTML needs no escaping here: the text goes to
// programs.
func encodeJSON(v any) (rawJSON, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", analysis.Errorf(analysis.Invalid, "a value cannot be written as JSON").Because(err)
	}
	return rawJSON(strings.TrimSuffix(b.String(), "\n")), nil
}

// sampleData is an event on which a template is tried when the config is loaded.
// The keys of its maps are the words that the template uses, because which
// variables and labels there will be is not known yet.
func sampleData(words []string) MessageData {
	known := map[string]string{}
	for _, w := range words {
		known[w] = "sample"
	}
	outcome, score, x := analysis.OutcomeFail, 50.0, analysis.Number(0.1)
	run := analysis.Run{
		ID: "01970000-0000-7000-8000-000000000000", Plan: "sample", Service: "sample", Environment: "sample",
		Key: "sample", Attempt: 1, ReleaseID: "sample", Phase: "sample", Subject: analysis.Subject{Kind: "version"},
		Version: "1.4.2", BaselineVersion: "1.4.1", Variables: known, Links: known,
		Status: analysis.StatusFinished, Outcome: &outcome, Score: &score, Reason: "sample",
		URL: "https://haldane.example.com/runs/sample", Cause: analysis.Cause{Kind: "api", Who: "sample"},
		Rollback: analysis.Rollback{State: analysis.RollbackSending, From: "1.4.2", To: "1.4.1", Reason: "sample"},
	}
	run.FinishedAt = &run.EndsAt
	return MessageData{
		Type: analysis.EventRunFailed, DeliveryID: "dlv_sample", Run: run,
		Rollback: &analysis.RollbackTarget{From: "1.4.2", To: "1.4.1"}, Reason: "sample",
		Findings: []analysis.Finding{{
			Metric: "sample", Segment: "sample", Group: "sample", Class: analysis.ClassHigh, Bad: true,
			Effect: &x, Interval: &[2]analysis.Number{x, x}, Evidence: &x, Seen: &x, Expected: &x,
			Reason: "sample", Queries: &analysis.Queries{Canary: "sample"}, Link: "https://example.com",
		}},
		Runbook: "https://example.com", ReportURL: run.URL,
		Plan: analysis.PlanFacts{
			Name: "sample", Service: "sample", Environment: "sample", Owner: "sample", Severity: "sample", Labels: known,
		},
		Event:  analysis.Event{ID: "sample", Type: analysis.EventRunFailed, Text: "sample", Notice: &analysis.Notice{Run: &run}},
		Hold:   &analysis.Hold{ID: "sample", Kind: analysis.HoldManual, Reason: "sample"},
		Failed: &analysis.FailedDelivery{ID: "sample", Action: "sample", Error: "sample"},
	}
}
