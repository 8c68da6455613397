package slack

import (
	"fmt"
	"regexp"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/config"
)

// The ways in which Slack tells that a button was pressed.
const (
	overSocket = "socket"
	overHTTP   = "http"
)

// operatorID is a user's, or a user group's.
var operatorID = regexp.MustCompile(`^[UWS][A-Z0-9]{4,}$`)

// checkButtons finds what is wrong with the settings of buttons.
func (s *Settings) checkButtons(n *web.Names) {
	add := n.Add
	switch s.Interactive {
	case "", overSocket, overHTTP:
	default:
		add("interactive", "neither socket nor http", "socket")
	}
	if s.Interactive != "" && !s.WebhookURL.Empty() {
		add("interactive", "an incoming webhook has no buttons", "token instead of webhook_url")
	}
	needs := func(field string, secret config.Secret, way, looks string) {
		switch {
		case s.Interactive == way && secret.Empty():
			add(field, "missing: interactive: "+way+" needs it", looks)
		case s.Interactive != way && !secret.Empty():
			add(field, "is for interactive: "+way, "set interactive, or remove it")
		case oddToken(secret):
			add(field, noToken, "")
		}
	}
	needs("app_token", s.AppToken, overSocket, "xapp-...")
	needs("signing_secret", s.SigningSecret, overHTTP, "it stands among the app's credentials")
	if s.Interactive == "" && len(s.Operators) > 0 {
		add("operators", "without interactive there is nothing to press", "interactive: socket")
	}
	for i, id := range s.Operators {
		if !operatorID.MatchString(id) {
			add(fmt.Sprintf("operators[%d]", i), "not the id of a user or user group", "U012ABC or S012ABC; names can be taken by others")
		}
	}
}
