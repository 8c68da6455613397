package slack_test

import (
	"testing"

	"github.com/haldane-dev/haldane/actions/slack"
	"github.com/haldane-dev/haldane/analysis"
)

// TestRoutes: the first that matches wins, and what follows in a run stays in its thread.
func TestRoutes(t *testing.T) {
	for _, c := range []struct{ environment, severity, plan, want string }{
		{"production", "critical", "checkout", "C0CRITICAL"},
		{"prod-eu", "critical", "checkout-eu", "C0CRITICAL"},
		{"production", "minor", "checkout", "C0PRODUCTION"},
		{"production", "critical", "search", "C0PRODUCTION"},
		{"staging", "critical", "checkout", "C012ABCDEF"},
		{"staging", "", "load-test", "C0LOADTESTS"},
	} {
		s := newStandIn(t)
		for _, id := range []string{"C0CRITICAL", "C0PRODUCTION", "C0LOADTESTS"} {
			s.channels[id] = id
		}
		set := bot(s.URL+"/api", s.token, "C012ABCDEF", func(s *slack.Settings) {
			s.Channels = []slack.Route{
				{Environment: "prod*", Severity: "critical", Plan: "checkout*", Channel: "C0CRITICAL"},
				{Environment: "prod*", Channel: "C0PRODUCTION"},
				{Plan: "load-*", Channel: "C0LOADTESTS"},
			}
		})
		a := open(t, set)
		d := about("dlv_1", analysis.EventRunFailed, func(r *analysis.Run) { r.Environment = c.environment })
		d.Event.Notice.Plan.Severity, d.Event.Notice.Plan.Name = c.severity, c.plan
		first := perform(t, a, d)
		if first.Refs["channel"] != c.want {
			t.Errorf("%+v: posted in %s", c, first.Refs["channel"])
		}
		d.Attempts = 2 // it is looked for where it was posted
		if again := perform(t, a, d); again.Refs["ts"] != first.Refs["ts"] || again.Refs["channel"] != c.want {
			t.Errorf("%+v: the repeat was posted in %v, the first in %v", c, again.Refs, first.Refs)
		}
		later := about("dlv_2", analysis.EventRollbackUpdated, func(r *analysis.Run) { r.Environment = "elsewhere" }, first)
		if got := perform(t, a, later); got.Refs["channel"] != c.want || got.Refs["thread"] != first.Refs["ts"] {
			t.Errorf("%+v: what follows is posted in %v", c, got.Refs)
		}
	}
}

// TestRouteOfAHold: what belongs to no run has an environment only.
func TestRouteOfAHold(t *testing.T) {
	s := newStandIn(t)
	s.channels["C0PRODUCTION"] = "production"
	a := open(t, bot(s.URL+"/api", s.token, "#checkout-oncall", func(s *slack.Settings) {
		s.Channels = []slack.Route{{Environment: "production", Channel: "#production"}}
	}))
	for environment, want := range map[string]string{"production": "C0PRODUCTION", "": "C012ABCDEF"} {
		d := about("dlv_"+environment, analysis.EventHoldEngaged, nil)
		d.RunID, d.Event.Environment = "", environment
		d.Event.Notice = &analysis.Notice{Hold: &analysis.Hold{ID: "h1", Environment: environment, Reason: "freeze"}}
		if r := perform(t, a, d); r.Refs["channel"] != want {
			t.Errorf("hold of %q: posted in %v, want %s", environment, r.Refs, want)
		}
	}
}

// TestRouteByOwnerAndLabels: all labels of a route must be there, and match.
func TestRouteByOwnerAndLabels(t *testing.T) {
	for _, c := range []struct {
		owner  string
		labels map[string]string
		want   string
	}{
		{"team-checkout", nil, "C0CHECKOUT"},
		{"team-search", map[string]string{"tier": "1", "region": "eu"}, "C0TIERONE"},
		{"team-search", map[string]string{"tier": "1"}, "C012ABCDEF"},
		{"team-search", map[string]string{"tier": "2", "region": "eu"}, "C012ABCDEF"},
		{"", nil, "C012ABCDEF"},
	} {
		s := newStandIn(t)
		for _, id := range []string{"C0CHECKOUT", "C0TIERONE"} {
			s.channels[id] = id
		}
		a := open(t, bot(s.URL+"/api", s.token, "C012ABCDEF", func(s *slack.Settings) {
			s.Channels = []slack.Route{
				{Owner: "team-ch*", Channel: "C0CHECKOUT"},
				{Labels: map[string]string{"tier": "1", "region": "e*"}, Channel: "C0TIERONE"},
			}
		}))
		d := about("dlv_1", analysis.EventRunFailed, nil)
		d.Event.Notice.Plan.Owner, d.Event.Notice.Plan.Labels = c.owner, c.labels
		if r := perform(t, a, d); r.Refs["channel"] != c.want {
			t.Errorf("%+v: posted in %s", c, r.Refs["channel"])
		}
	}
}
