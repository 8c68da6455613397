package splitfme

import (
	"context"
	"net/http"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Action kills flags.
type Action struct {
	parts  parts
	client *web.Client
}

var (
	_ analysis.Action  = (*Action)(nil)
	_ analysis.Checker = (*Action)(nil)
)

// Perform implements analysis.Action.
func (a *Action) Perform(ctx context.Context, d analysis.Delivery) (analysis.Receipt, error) {
	data := config.NewMessageData(d)
	names, err := web.All(data, a.parts.workspace, a.parts.flag, a.parts.environment)
	if err != nil {
		return analysis.Receipt{}, err
	}
	flag, environment := names[1], names[2]
	path, err := web.Path("internal", "api", "v2", "splits", "ws", names[0], flag, "environments", environment)
	if err != nil {
		return analysis.Receipt{}, err
	}
	killed, err := a.killed(ctx, path, flag)
	if err != nil {
		return analysis.Receipt{}, err
	}
	if killed {
		return done("flag " + flag + " is killed in " + environment + " already"), nil
	}
	if _, err := a.client.Send(ctx, web.Request{Method: http.MethodPut, Path: path + "/kill", Body: []byte{}, Key: d.ID}); err != nil {
		return analysis.Receipt{}, err
	}
	if killed, err = a.killed(ctx, path, flag); err != nil {
		return analysis.Receipt{}, err
	}
	if !killed {
		return analysis.Receipt{}, analysis.Errorf(analysis.Unavailable, "%s: it took the kill, and flag %s is not killed in %s", a.client.Who(), flag, environment)
	}
	return done("flag " + flag + " is killed in " + environment), nil
}

func done(text string) analysis.Receipt {
	return analysis.Receipt{At: time.Now(), Text: text, Done: true}
}

// killed reads whether the flag is killed in the environment.
func (a *Action) killed(ctx context.Context, path, name string) (bool, error) {
	answer, err := a.client.Send(ctx, web.Request{Path: path})
	if err != nil {
		return false, err
	}
	var flag struct {
		Name   string
		Killed *bool
	}
	if err := answer.JSON(&flag); err != nil {
		return false, err
	}
	if flag.Name != name || flag.Killed == nil {
		return false, answer.Nonsense()
	}
	return *flag.Killed, nil
}

// Check implements analysis.Checker: Split is reached, and knows us.
func (a *Action) Check(ctx context.Context) error {
	_, err := a.client.Send(ctx, web.Request{Path: "/internal/api/v2/workspaces"})
	return err
}
