package slack

import (
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
)

// Route sends what belongs to some plans to a channel of their own. Each of its patterns
// (path.Match: checkout*) must match; one that is empty matches anything.
type Route struct {
	Environment string `yaml:"environment" doc:"pattern; default: any"`
	Severity    string `yaml:"severity" doc:"pattern of how bad the news is: the plan's severity, or less when a run is undecided or nothing critical is bad; default: any"`
	Plan        string `yaml:"plan" doc:"pattern of the plan's name; default: any"`
	Owner       string `yaml:"owner" doc:"pattern of the plan's owner; default: any"`
	Channel     string `yaml:"channel" doc:"#name or, better, its ID"`

	Labels map[string]string `yaml:"labels" doc:"patterns of the plan's labels, all of which it must have; default: any"`
}

// channelFor is where a delivery goes that no thread waits for.
func (s *Settings) channelFor(d analysis.Delivery) string {
	plan := analysis.PlanFacts{}
	environment := d.Event.Environment
	if n := d.Event.Notice; n != nil {
		plan = n.Plan
		if environment == "" {
			environment = plan.Environment
		}
		if n.Run != nil {
			environment = n.Run.Environment
		}
	}
	for _, r := range s.Channels {
		if matches(r.Environment, environment) && matches(r.Severity, plan.Severity) && matches(r.Plan, plan.Name) &&
			matches(r.Owner, plan.Owner) && r.labelled(plan.Labels) {
			return r.Channel
		}
	}
	return s.Channel
}

// labelled reports whether a plan has the route's labels.
func (r *Route) labelled(labels map[string]string) bool {
	for name, pattern := range r.Labels {
		if value, ok := labels[name]; !ok || !matches(pattern, value) {
			return false
		}
	}
	return true
}

func matches(pattern, text string) bool {
	ok, _ := path.Match(pattern, text) // the patterns were checked
	return pattern == "" || ok
}

func (s *Settings) checkRoutes(n *web.Names) {
	for i, r := range s.Channels {
		at := fmt.Sprintf("channels[%d].", i)
		switch {
		case !s.WebhookURL.Empty():
			n.Add("channels", "an incoming webhook posts to its own channel", "token instead of webhook_url, or an action for each webhook")
			return
		case r.Channel == "" || !channelName(r.Channel):
			n.Add(at+"channel", "missing, or not the name or ID of a channel", `"#oncall"`)
		case r.Environment+r.Severity+r.Plan+r.Owner == "" && len(r.Labels) == 0:
			n.Add(at+"channel", "matches everything, so nothing behind it nor channel is ever used", "set channel to it instead")
		}
		patterns := map[string]string{"environment": r.Environment, "severity": r.Severity, "plan": r.Plan, "owner": r.Owner}
		for name, pattern := range r.Labels {
			patterns["labels."+name] = pattern
		}
		for _, field := range slices.Sorted(maps.Keys(patterns)) {
			if _, err := path.Match(patterns[field], ""); err != nil {
				n.Add(at+field, "not a pattern", "checkout*")
			}
		}
	}
}
