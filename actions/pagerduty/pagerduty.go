package pagerduty

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Action sends events to one integration.
type Action struct {
	settings *Settings
	client   *web.Client
	words    *config.Composer
}

var (
	_ analysis.Action  = (*Action)(nil)
	_ analysis.Checker = (*Action)(nil)
)

// Perform implements analysis.Action. The receipt's refs say which alerts were
// triggered or resolved, so that a later delivery of the run can resolve them.
func (a *Action) Perform(ctx context.Context, d analysis.Delivery) (analysis.Receipt, error) {
	m := a.words.Compose(d)
	do, keys := decide(d, m)
	r := analysis.Receipt{Refs: map[string]string{refWhat: string(do)}, Done: true}
	if do == change {
		r.Text = "nobody was called: change events are switched off"
		if a.settings.ChangeEvents {
			r.Text = "change event sent"
			if err := a.send(ctx, "/v2/change/enqueue", changeEvent{a.settings.RoutingKey.Reveal(), about(d, m), links(m)}); err != nil {
				return analysis.Receipt{}, err
			}
		}
		r.At = time.Now()
		return r, nil
	}
	for _, key := range keys {
		event := alert{RoutingKey: a.settings.RoutingKey.Reveal(), Action: resolve, DedupKey: key}
		if do == trigger {
			event = a.triggered(d, m, key)
		}
		if err := a.send(ctx, "/v2/enqueue", event); err != nil {
			return analysis.Receipt{}, err
		}
	}
	r.Refs[refAlerts] = strings.Join(keys, " ")
	r.Text, r.At = fmt.Sprintf("alert %sd", do), time.Now()
	if do == trigger {
		r.Text = "alert triggered"
	}
	return r, nil
}

// send sends one event. PagerDuty answers 202 and says success; anything else that
// looks well is a page of something in between, and is tried again: the dedup_key
// makes that safe.
func (a *Action) send(ctx context.Context, path string, event any) error {
	body, err := web.Encode(event)
	if err != nil {
		return err
	}
	answer, err := a.client.Send(ctx, web.Request{Method: http.MethodPost, Path: path, Body: body})
	var said struct {
		Status string   `json:"status"`
		Errors []string `json:"errors"`
	}
	if err != nil {
		e := *analysis.AsError(err)
		if json.Unmarshal(answer.Body, &said) == nil && len(said.Errors) > 0 {
			e.Message += ": " + answer.Safe(strings.Join(said.Errors, "; "))
		}
		return &e
	}
	if err := answer.JSON(&said); err != nil {
		return err
	}
	if said.Status != "success" {
		return answer.Nonsense()
	}
	return nil
}

// Check implements analysis.Checker: the host is reached. Whether the routing key
// is right, only an event can tell, and that would be seen.
func (a *Action) Check(ctx context.Context) error { return a.client.Connect(ctx) }
