package config

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// facts are the small print. What is not known is left out.
func (w wording) facts(severity string) []Fact {
	var out []Fact
	add := func(key, value string) {
		if value != "" {
			out = append(out, Fact{key, value})
		}
	}
	service, environment := w.event.Service, w.event.Environment
	run := w.notice.Run
	if run != nil {
		service, environment = run.Service, run.Environment
	}
	add("Service", service)
	add("Environment", environment)
	if run != nil {
		add("Version", versions(run))
		add("Release", run.ReleaseID)
		add("Score", score(run.Score))
		add("Judged", judged(run.Progress))
	}
	add("Metrics", tally(w.notice.Findings))
	add("Plan", w.notice.Plan.Name)
	add("Severity", severity)
	add("Owner", w.notice.Plan.Owner)
	if run != nil {
		add("Started by", who(run.Cause))
	}
	if c := w.event.Who; c.Kind != "" && c != analysis.Haldane && c != startedBy(run) {
		add("By", who(c))
	}
	return out
}

func startedBy(run *analysis.Run) analysis.Cause {
	if run == nil {
		return analysis.Cause{}
	}
	return run.Cause
}

func versions(run *analysis.Run) string {
	if run.Version == "" || run.BaselineVersion == "" {
		return run.Version
	}
	return run.Version + ", compared with " + run.BaselineVersion
}

func judged(p analysis.Progress) string {
	if p.Looks == 0 {
		return ""
	}
	looks := count(p.Looks, "look")
	if p.LooksExpected > p.Looks {
		looks += fmt.Sprintf(" of %d", p.LooksExpected)
	}
	return looks + ", " + count(p.Samples, "sample")
}

func score(s *float64) string {
	if s == nil {
		return ""
	}
	return number(math.Round(10*(*s))/10) + " of 100"
}

// tally counts the findings by what they say.
func tally(findings []analysis.Finding) string {
	var bad, undecided, fine int
	for _, f := range findings {
		switch {
		case f.Bad:
			bad++
		case f.Undecided():
			undecided++
		default:
			fine++
		}
	}
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{bad, "bad"}, {undecided, "undecided"}, {fine, "fine"}} {
		if p.n > 0 {
			parts = append(parts, strconv.Itoa(p.n)+" "+p.what)
		}
	}
	return strings.Join(parts, ", ")
}

// who names a cause and how it reached Haldane.
func who(c analysis.Cause) string {
	if c.Who == "" || c.Kind == "" || c.Who == c.Kind {
		return c.String()
	}
	return c.Who + " (" + c.Kind + ")"
}

// links are the places to go on: what to do, what was seen, what was released.
func (w wording) links() []Link {
	var out []Link
	add := func(text, url string) {
		if isWebLink(url) {
			out = append(out, Link{text, url})
		}
	}
	add("Runbook", w.notice.Runbook)
	report, run := w.notice.Report, w.notice.Run
	if run == nil {
		add("Report", report)
		return out
	}
	if report == "" {
		report = run.URL
	}
	add("Report", report)
	for _, name := range slices.Sorted(maps.Keys(run.Links)) {
		add(name, run.Links[name])
	}
	return out
}

// clock prints a moment for people in any time zone.
func clock(t time.Time) string { return t.UTC().Format("15:04 UTC on 2 January 2006") }

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
