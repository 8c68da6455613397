package actions

import (
	"github.com/haldane-dev/haldane/actions/slack"
	"github.com/haldane-dev/haldane/actions/webhook"
	"github.com/haldane-dev/haldane/config"
)

// Types returns the kinds of actions that a config may name, by their name.
func Types() []config.ActionType {
	return []config.ActionType{
		{Name: "slack", New: slack.New},
		{Name: "webhook", New: webhook.New},
	}
}
