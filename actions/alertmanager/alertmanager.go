package alertmanager

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Action raises alerts at all members of one Alertmanager.
type Action struct {
	name     string
	words    *config.Composer
	settings *Settings
	parts    parts
	log      *slog.Logger // nil: none
	members  []*web.Client
}

var (
	_ analysis.Action   = (*Action)(nil)
	_ analysis.Follower = (*Action)(nil)
	_ analysis.Checker  = (*Action)(nil)
)

// Perform implements analysis.Action. It takes over the alerts of the run that are
// alive, adds the one of this event if it raises one, and ends those that it ends.
// While any is alive the receipt is not done: Follow goes on sending them.
func (a *Action) Perform(ctx context.Context, d analysis.Delivery) (analysis.Receipt, error) {
	m := a.words.Compose(d)
	var raised *alert
	if name := raises(d, m); name != "" {
		one := a.raise(name, d, m)
		raised = &one
	}
	if d.RunID == "" {
		return a.alone(ctx, d, raised)
	}
	on, over := next(d, m, alive(d.Earlier), raised)
	r, err := a.tell(ctx, on, over)
	if r.Done && len(over) == 0 {
		r.Text = "nothing to alert about"
	}
	return r, err
}

// Follow implements analysis.Follower: it sends the alerts again, as they stand in
// the receipt.
func (a *Action) Follow(ctx context.Context, _ analysis.Delivery, r analysis.Receipt) (analysis.Receipt, error) {
	return a.tell(ctx, alive([]analysis.Receipt{r}), nil)
}

// alone raises or ends the alert of what belongs to no run. Nothing tells when to stop
// sending it, so it is sent once, with its end: that of the hold, or keep.
func (a *Action) alone(ctx context.Context, d analysis.Delivery, raised *alert) (analysis.Receipt, error) {
	r := analysis.Receipt{At: time.Now(), Text: "nothing to alert about", Done: true}
	if raised == nil {
		return r, nil
	}
	end := d.Event.At.Add(max(a.settings.Keep.Std(), a.lasts()))
	if n := d.Event.Notice; n != nil && n.Hold != nil && n.Hold.Until != nil {
		end = *n.Hold.Until
	}
	if d.Event.Type == analysis.EventHoldReleased {
		end = time.Now()
	}
	text, err := a.post(ctx, []alert{raised.ends(end)})
	if err != nil {
		return analysis.Receipt{}, err
	}
	r.At, r.Text = time.Now(), text
	return r, nil
}

// lasts is how long an alert stays alive that is not sent again.
func (a *Action) lasts() time.Duration { return max(5*time.Minute, 4*a.settings.Resend.Std()) }

// tell sends the alerts that go on and those that are over.
func (a *Action) tell(ctx context.Context, on, over []alert) (analysis.Receipt, error) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	kept, err := refs(on)
	if err != nil {
		return analysis.Receipt{}, err
	}
	var list []alert
	for _, one := range on {
		list = append(list, one.ends(now.Add(a.lasts())))
	}
	for _, one := range over {
		list = append(list, one.ends(now))
	}
	r := analysis.Receipt{Refs: kept, Done: len(on) == 0, Text: "resolved"}
	if len(list) > 0 {
		text, err := a.post(ctx, list)
		if err != nil {
			return analysis.Receipt{}, err
		}
		r.Text += ", " + text
		if len(on) > 0 {
			r.Text, r.Again = fmt.Sprintf("%d alive, %s", len(on), text), a.settings.Resend.Std()
		}
	}
	r.At = time.Now()
	return r, nil
}

// post sends alerts to all members at once. It is enough that one takes them, as it
// is for Prometheus: they tell each other. What the others say is logged.
func (a *Action) post(ctx context.Context, list []alert) (string, error) {
	body, err := web.Encode(list)
	if err != nil {
		return "", err
	}
	failures := make([]error, len(a.members))
	var wg sync.WaitGroup
	for i, c := range a.members {
		wg.Go(func() { failures[i] = a.postTo(ctx, c, body) })
	}
	wg.Wait()
	taken, worst := 0, (*analysis.Error)(nil)
	for _, err := range failures {
		e := analysis.AsError(err)
		if e == nil {
			taken++
		} else if worst == nil || !again(worst.Kind) && again(e.Kind) {
			worst = e
		}
	}
	if taken == 0 {
		return "", worst
	}
	if worst != nil && a.log != nil {
		a.log.Warn("a member of the cluster did not take the alerts", "action", a.name, "error", worst.Error())
	}
	return fmt.Sprintf("taken by %d of %d", taken, len(a.members)), nil
}

// again reports whether trying again may help.
func again(k analysis.Kind) bool {
	return k == analysis.Limited || k == analysis.Unavailable || k == analysis.Internal
}

// postTo sends alerts to one member. It answers 200 and nothing; an error is a text
// in JSON.
func (a *Action) postTo(ctx context.Context, c *web.Client, body []byte) error {
	answer, err := c.Send(ctx, web.Request{Method: http.MethodPost, Path: "/api/v2/alerts", Body: body})
	var said string
	switch {
	case err != nil && json.Unmarshal(answer.Body, &said) == nil && said != "":
		return answer.Reworded(err, said)
	case err == nil && len(strings.TrimSpace(string(answer.Body))) > 0:
		return answer.Nonsense() // a page of something in between
	}
	return err
}

// Check implements analysis.Checker: each member answers its status, which needs the
// credentials.
func (a *Action) Check(ctx context.Context) error {
	for _, c := range a.members {
		answer, err := c.Send(ctx, web.Request{Path: "/api/v2/status"})
		if err != nil {
			return err
		}
		var status struct {
			Version *struct{} `json:"versionInfo"`
		}
		if err := answer.JSON(&status); err != nil {
			return err
		}
		if status.Version == nil {
			return answer.Nonsense()
		}
	}
	return nil
}
