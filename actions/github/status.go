package github

import (
	"context"
	"net/http"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// maxDescription is how long a status may be.
const maxDescription = 140

// state is what an event means for a deployment; "" for events that mean nothing.
func state(t analysis.EventType) string {
	switch t {
	case analysis.EventRunStarted:
		return "in_progress"
	case analysis.EventRunPassed:
		return "success"
	case analysis.EventRunFailed, analysis.EventRollbackRequested, analysis.EventRollbackNotRecovered:
		return "failure"
	case analysis.EventRunMarginal, analysis.EventRunInconclusive:
		return "error"
	case analysis.EventRollbackVerified:
		return "inactive"
	}
	return ""
}

// tell adds a status to the deployment.
func (a *Action) tell(ctx context.Context, d analysis.Delivery) (analysis.Receipt, error) {
	data := config.NewMessageData(d)
	is := state(d.Event.Type)
	if is == "" {
		return analysis.Receipt{At: time.Now(), Text: "nothing to say about the deployment", Done: true}, nil
	}
	path, err := a.repository(data)
	if err != nil {
		return analysis.Receipt{}, err
	}
	id, err := a.parts.deployment.Of(data)
	if err != nil {
		return analysis.Receipt{}, err
	}
	deployment, err := web.Path("deployments", id, "statuses")
	if err != nil {
		return analysis.Receipt{}, err
	}
	description := []rune(a.words.Compose(d).Title)
	body, err := web.Encode(struct {
		State        string `json:"state"`
		Description  string `json:"description"`
		LogURL       string `json:"log_url,omitempty"`
		AutoInactive bool   `json:"auto_inactive"` // the other deployments are not ours to judge
	}{is, string(description[:min(len(description), maxDescription)]), data.ReportURL, false})
	if err != nil {
		return analysis.Receipt{}, err
	}
	if _, err := a.client.Send(ctx, web.Request{Method: http.MethodPost, Path: path + deployment, Body: body, Key: d.ID}); err != nil {
		return analysis.Receipt{}, err
	}
	return analysis.Receipt{At: time.Now(), Text: "the deployment is " + is, Done: true}, nil
}
