package github

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// runRef is where a receipt keeps the id of the run that was started.
const runRef = "run"

// Action speaks with GitHub.
type Action struct {
	settings *Settings
	words    *config.Composer
	parts    parts
	client   *web.Client
}

var (
	_ analysis.Action   = (*Action)(nil)
	_ analysis.Follower = (*Action)(nil)
	_ analysis.Checker  = (*Action)(nil)
)

// Perform implements analysis.Action.
func (a *Action) Perform(ctx context.Context, d analysis.Delivery) (analysis.Receipt, error) {
	if a.settings.Action == doStatus {
		return a.tell(ctx, d)
	}
	return a.dispatch(ctx, d)
}

// repository is the path of the repository.
func (a *Action) repository(data config.MessageData) (string, error) {
	names, err := web.All(data, a.parts.owner, a.parts.repository)
	if err != nil {
		return "", err
	}
	return web.Path("repos", names[0], names[1])
}

// workflow is the path of the workflow.
func (a *Action) workflow(data config.MessageData) (string, error) {
	repository, err := a.repository(data)
	if err != nil {
		return "", err
	}
	name, err := a.parts.workflow.Of(data)
	if err != nil {
		return "", err
	}
	path, err := web.Path("actions", "workflows", name)
	return repository + path, err
}

// dispatch starts the workflow, unless an attempt before this one did.
func (a *Action) dispatch(ctx context.Context, d analysis.Delivery) (analysis.Receipt, error) {
	data := config.NewMessageData(d)
	workflow, err := a.workflow(data)
	if err != nil {
		return analysis.Receipt{}, err
	}
	body, err := a.order(data)
	if err != nil {
		return analysis.Receipt{}, err
	}
	if d.Attempts > 1 {
		r, err := a.recognise(ctx, workflow, d)
		if err != nil {
			return analysis.Receipt{}, err
		}
		if r != nil {
			return started(*r, "it was started by an attempt before"), nil
		}
	}
	answer, err := a.client.Send(ctx, web.Request{Method: http.MethodPost, Path: workflow + "/dispatches", Body: body, Mark: d.ID})
	if err != nil {
		return analysis.Receipt{}, err
	}
	if answer.Status == http.StatusNoContent { // an Enterprise Server that does not say which run it is
		return analysis.Receipt{At: time.Now(), Text: "started; which run it is is not known yet"}, nil
	}
	var out struct {
		ID   int64  `json:"workflow_run_id"`
		Page string `json:"html_url"`
	}
	if err := answer.JSON(&out); err != nil || out.ID == 0 {
		return analysis.Receipt{At: time.Now(), Text: "started; the reply does not say which run it is"}, nil //nolint:nilerr // it was accepted
	}
	return started(run{ID: out.ID}, "started"), nil
}

func started(r run, said string) analysis.Receipt {
	id := strconv.FormatInt(r.ID, 10)
	return analysis.Receipt{At: time.Now(), Text: "run " + id + ": " + said, Refs: map[string]string{runRef: id}}
}

// order is the body of a dispatch.
func (a *Action) order(data config.MessageData) ([]byte, error) {
	ref, err := a.parts.ref.Of(data)
	if err != nil {
		return nil, err
	}
	inputs := map[string]string{}
	for name, t := range a.parts.inputs {
		if inputs[name], err = t.Of(data); err != nil {
			return nil, err
		}
	}
	return web.Encode(map[string]any{"ref": ref, "inputs": inputs, "return_run_details": true})
}

// Check implements analysis.Checker: GitHub is reached, and knows us.
func (a *Action) Check(ctx context.Context) error {
	_, err := a.client.Send(ctx, web.Request{Path: "/rate_limit"})
	return err
}
