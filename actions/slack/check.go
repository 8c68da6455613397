package slack

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Check implements analysis.Checker: the token must be valid and allowed to post.
// Of an incoming webhook only the host is reached, all else would post.
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
	if scopes[0] != "" && !slices.Contains(scopes, "chat:write") {
		return analysis.Errorf(analysis.Denied, "%s: the app lacks the scope chat:write", a.who).
			WithHint("add the scope chat:write and install the app again")
	}
	return nil
}
