package slack

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Check implements analysis.Checker: the token must be valid and allowed to post, and the
// app token to open a socket (none is opened). Of an incoming webhook only the host is reached, all else would post.
func (a *Action) Check(ctx context.Context) error {
	if a.api == nil {
		u, err := url.Parse(a.settings.WebhookURL.Reveal())
		if err != nil {
			return analysis.Errorf(analysis.Invalid, "%s: webhook_url is not a URL", a.who)
		}
		return config.Connect(ctx, a.who, a.plain, u.Scheme+"://"+u.Host)
	}
	answer, err := a.api.AuthTestContext(ctx)
	if err != nil {
		return config.Unreachable(a.who, err)
	}
	scopes := strings.Split(strings.ReplaceAll(answer.Header.Get("X-OAuth-Scopes"), " ", ""), ",")
	for _, scope := range a.needs() {
		if scopes[0] != "" && !slices.Contains(scopes, scope) {
			return analysis.Errorf(analysis.Denied, "%s: the app lacks the scope %s", a.who, scope).
				WithHint("add the scope %s and install the app again", scope)
		}
	}
	if a.settings.Interactive == overSocket {
		if _, _, err := a.api.StartSocketModeContext(ctx); err != nil {
			e := config.Unreachable(a.who, err)
			e.Message += ", when the app token was tried"
			return e
		}
	}
	return nil
}

// needs are the scopes without which it cannot work. Without others it works less well.
func (a *Action) needs() []string {
	out := []string{"chat:write"}
	if slices.ContainsFunc(a.settings.Operators, func(id string) bool { return strings.HasPrefix(id, "S") }) {
		out = append(out, "usergroups:read")
	}
	return out
}
