package github

import (
	"cmp"
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// run is what is read of a run of a workflow.
type run struct {
	ID           int64  `json:"id"`
	Name         string `json:"name"`
	DisplayTitle string `json:"display_title"`
	Status       string `json:"status"`
	Conclusion   string `json:"conclusion"`
}

// since lists the runs of a workflow that were dispatched since a delivery was made.
// GitHub's clock may be a little behind.
func (a *Action) since(ctx context.Context, workflow string, d analysis.Delivery) ([]run, error) {
	q := url.Values{
		"event": {"workflow_dispatch"}, "per_page": {"100"},
		"created": {">=" + d.CreatedAt.Add(-time.Minute).UTC().Format(time.RFC3339)},
	}
	answer, err := a.client.Send(ctx, web.Request{Path: workflow + "/runs?" + q.Encode()})
	if err != nil {
		return nil, err
	}
	var out struct {
		Runs *[]run `json:"workflow_runs"`
	}
	if err := answer.JSON(&out); err != nil {
		return nil, err
	}
	if out.Runs == nil {
		return nil, answer.Nonsense()
	}
	return *out.Runs, nil
}

// ours finds the run whose title has the delivery's id.
func ours(runs []run, d analysis.Delivery) *run {
	for _, r := range runs {
		if strings.Contains(r.DisplayTitle, d.ID) || strings.Contains(r.Name, d.ID) {
			return &r
		}
	}
	return nil
}

// recognise finds what an attempt before this one left. When there are runs of which it
// cannot be told, it refuses: a rollback that is started twice may do harm.
func (a *Action) recognise(ctx context.Context, workflow string, d analysis.Delivery) (*run, error) {
	runs, err := a.since(ctx, workflow, d)
	if err != nil {
		return nil, err
	}
	if r := ours(runs, d); r != nil || len(runs) == 0 {
		return r, nil
	}
	return nil, analysis.Errorf(analysis.Conflict, "%s: run %d was started meanwhile, and it cannot be told whether it is this one's: not started again", a.client.Who(), runs[0].ID).
		WithHint("look at it; give an input {{.DeliveryID}} and put it into run-name")
}

// Follow implements analysis.Follower: it asks once how the run is going.
func (a *Action) Follow(ctx context.Context, d analysis.Delivery, r analysis.Receipt) (analysis.Receipt, error) {
	data := config.NewMessageData(d)
	id := r.Refs[runRef]
	if id == "" {
		return a.find(ctx, data, d, r)
	}
	repository, err := a.repository(data)
	if err != nil {
		return r, err
	}
	path, err := web.Path("actions", "runs", id)
	if err != nil {
		return r, err
	}
	answer, err := a.client.Send(ctx, web.Request{Path: repository + path})
	if err != nil {
		return r, err
	}
	var now run
	if err := answer.JSON(&now); err != nil {
		return r, err
	}
	if strconv.FormatInt(now.ID, 10) != id {
		return r, answer.Nonsense()
	}
	out := analysis.Receipt{At: time.Now(), Refs: r.Refs, Text: "run " + id + " is " + cmp.Or(now.Status, "in an unknown state")}
	switch {
	case now.Status == "waiting":
		out.Text = "run " + id + " waits for an approval, or for its environment"
	case now.Status == "completed" && now.Conclusion == "success":
		out.Text, out.Done = "run "+id+" succeeded", true
	case now.Status == "completed":
		return r, analysis.Errorf(analysis.Conflict, "%s: run %s ended: %s", a.client.Who(), id, cmp.Or(now.Conclusion, "without a conclusion"))
	}
	return out, nil
}

// find looks for the run of a dispatch that did not say which it is.
func (a *Action) find(ctx context.Context, data config.MessageData, d analysis.Delivery, r analysis.Receipt) (analysis.Receipt, error) {
	workflow, err := a.workflow(data)
	if err != nil {
		return r, err
	}
	runs, err := a.since(ctx, workflow, d)
	if err != nil {
		return r, err
	}
	found := ours(runs, d)
	if found == nil && len(runs) == 1 {
		found = &runs[0]
	}
	if found != nil {
		return started(*found, "found"), nil
	}
	if len(runs) > 1 {
		return r, analysis.Errorf(analysis.Conflict, "%s: %d runs were started meanwhile, and it cannot be told which is this one's", a.client.Who(), len(runs)).
			WithHint("give an input {{.DeliveryID}} and put it into run-name")
	}
	return analysis.Receipt{At: time.Now(), Text: "looking for the run", Refs: r.Refs}, nil
}
