package slack

import (
	"fmt"
	"path"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Route sends what belongs to some plans to a channel of their own. Each of its patterns
// (path.Match: checkout*) must match; one that is empty matches anything.
type Route struct {
	Environment string `yaml:"environment" doc:"pattern; default: any"`
	Severity    string `yaml:"severity" doc:"pattern of the plan's severity; default: any"`
	Plan        string `yaml:"plan" doc:"pattern of the plan's name; default: any"`
	Channel     string `yaml:"channel" doc:"#name or, better, its ID"`
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
		if matches(r.Environment, environment) && matches(r.Severity, plan.Severity) && matches(r.Plan, plan.Name) {
			return r.Channel
		}
	}
	return s.Channel
}

func matches(pattern, text string) bool {
	ok, _ := path.Match(pattern, text) // the patterns were checked
	return pattern == "" || ok
}

func (s *Settings) checkRoutes() []config.Problem {
	var out []config.Problem
	for i, r := range s.Channels {
		at := fmt.Sprintf("channels[%d].", i)
		switch {
		case !s.WebhookURL.Empty():
			return append(out, config.Problem{
				Field: "channels", Message: "an incoming webhook posts to its own channel",
				Hint: "token instead of webhook_url, or an action for each webhook",
			})
		case r.Channel == "" || !channelName(r.Channel):
			out = append(out, config.Problem{Field: at + "channel", Message: "missing, or not the name or ID of a channel", Hint: `"#oncall"`})
		case r.Environment+r.Severity+r.Plan == "":
			out = append(out, config.Problem{Field: at + "channel", Message: "matches everything, so nothing behind it nor channel is ever used", Hint: "set channel to it instead"})
		}
		for _, p := range []struct{ field, pattern string }{{"environment", r.Environment}, {"severity", r.Severity}, {"plan", r.Plan}} {
			if _, err := path.Match(p.pattern, ""); err != nil {
				out = append(out, config.Problem{Field: at + p.field, Message: "not a pattern", Hint: "checkout*"})
			}
		}
	}
	return out
}
