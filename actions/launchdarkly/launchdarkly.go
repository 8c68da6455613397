package launchdarkly

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// maxComment is how long a comment gets.
const maxComment = 500

// Action turns flags off.
type Action struct {
	parts  parts
	client *web.Client
}

var (
	_ analysis.Action  = (*Action)(nil)
	_ analysis.Checker = (*Action)(nil)
)

// flag is what is read of one.
type flag struct {
	Key          string
	Environments map[string]struct{ On *bool }
}

// Perform implements analysis.Action.
func (a *Action) Perform(ctx context.Context, d analysis.Delivery) (analysis.Receipt, error) {
	data := config.NewMessageData(d)
	names, err := web.All(data, a.parts.project, a.parts.flag, a.parts.environment)
	if err != nil {
		return analysis.Receipt{}, err
	}
	project, key, environment := names[0], names[1], names[2]
	path, err := web.Path("api", "v2", "flags", project, key)
	if err != nil {
		return analysis.Receipt{}, err
	}
	on, err := a.ask(ctx, web.Request{Path: path + "?" + url.Values{"env": {environment}}.Encode()}, key, environment)
	if err != nil {
		return analysis.Receipt{}, err
	}
	if !on {
		return done("flag " + key + " is off in " + environment + " already"), nil
	}
	body, err := web.Encode(map[string]any{
		"environmentKey": environment, "instructions": []map[string]string{{"kind": "turnFlagOff"}}, "comment": comment(data),
	})
	if err != nil {
		return analysis.Receipt{}, err
	}
	on, err = a.ask(ctx, web.Request{
		Method: http.MethodPatch, Path: path, Body: body, Key: d.ID, Type: "application/json; domain-model=launchdarkly.semanticpatch",
	}, key, environment)
	if err != nil {
		return analysis.Receipt{}, err
	}
	if on {
		return analysis.Receipt{}, analysis.Errorf(analysis.Unavailable, "%s: it took the change, and flag %s is still on in %s", a.client.Who(), key, environment)
	}
	return done("flag " + key + " is off in " + environment), nil
}

func done(text string) analysis.Receipt {
	return analysis.Receipt{At: time.Now(), Text: text, Done: true}
}

// ask sends a request that is answered with the flag, and reads whether it is on.
func (a *Action) ask(ctx context.Context, r web.Request, key, environment string) (bool, error) {
	answer, err := a.client.Send(ctx, r)
	if err != nil {
		return false, err
	}
	var f flag
	if err := answer.JSON(&f); err != nil {
		return false, err
	}
	if f.Key != key {
		return false, answer.Nonsense()
	}
	if e, ok := f.Environments[environment]; ok && e.On != nil {
		return *e.On, nil
	}
	return false, analysis.Errorf(analysis.NotFound, "%s: flag %s has no environment %s", a.client.Who(), key, environment).
		WithHint("check environment")
}

// comment is what the flag's history shows.
func comment(data config.MessageData) string {
	text := []rune("haldane: " + data.Reason + " (" + data.DeliveryID + ")")
	return string(text[:min(len(text), maxComment)])
}

// adjust says what refusals mean at LaunchDarkly.
func adjust(answer web.Answer, e *analysis.Error) {
	switch said := strings.ToLower(answer.Said()); {
	case answer.Status == http.StatusTooManyRequests && e.RetryAfter == 0:
		e.RetryAfter = web.Until(answer.Header.Get("X-Ratelimit-Reset"), time.Millisecond)
	case answer.Status >= 400 && answer.Status < 500 && strings.Contains(said, "approval"):
		e.Kind = analysis.Denied
		e.Message += "; the environment wants an approval for this change"
		e.Hint = "try: let the token's role bypass required approvals, or turn the flag off by hand"
	}
}

// Check implements analysis.Checker: LaunchDarkly is reached, and knows us.
func (a *Action) Check(ctx context.Context) error {
	_, err := a.client.Send(ctx, web.Request{Path: "/api/v2/caller-identity"})
	return err
}
