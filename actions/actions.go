package actions

import (
	"github.com/haldane-dev/haldane/actions/alertmanager"
	"github.com/haldane-dev/haldane/actions/argocd"
	"github.com/haldane-dev/haldane/actions/argorollouts"
	"github.com/haldane-dev/haldane/actions/discord"
	"github.com/haldane-dev/haldane/actions/email"
	"github.com/haldane-dev/haldane/actions/flagsmith"
	"github.com/haldane-dev/haldane/actions/github"
	"github.com/haldane-dev/haldane/actions/grafana"
	"github.com/haldane-dev/haldane/actions/jira"
	"github.com/haldane-dev/haldane/actions/kubernetes"
	"github.com/haldane-dev/haldane/actions/launchdarkly"
	"github.com/haldane-dev/haldane/actions/pagerduty"
	"github.com/haldane-dev/haldane/actions/slack"
	"github.com/haldane-dev/haldane/actions/splitfme"
	"github.com/haldane-dev/haldane/actions/teams"
	"github.com/haldane-dev/haldane/actions/webhook"
	"github.com/haldane-dev/haldane/config"
)

// Types returns the kinds of actions that a config may name, by their name.
func Types() []config.ActionType {
	return []config.ActionType{
		{Name: "alertmanager", New: alertmanager.New},
		{Name: "argocd", New: argocd.New},
		{Name: "argorollouts", New: argorollouts.New},
		{Name: "discord", New: discord.New},
		{Name: "email", New: email.New},
		{Name: "flagsmith", New: flagsmith.New},
		{Name: "github", New: github.New},
		{Name: "grafana", New: grafana.New},
		{Name: "jira", New: jira.New},
		{Name: "kubernetes", New: kubernetes.New},
		{Name: "launchdarkly", New: launchdarkly.New},
		{Name: "pagerduty", New: pagerduty.New},
		{Name: "slack", New: slack.New},
		{Name: "splitfme", New: splitfme.New},
		{Name: "teams", New: teams.New},
		{Name: "webhook", New: webhook.New},
	}
}
