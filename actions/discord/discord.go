package discord

import (
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Action posts through one webhook.
type Action struct {
	settings *Settings
	client   *web.Client
	log      *slog.Logger // nil: none
	words    *config.Composer
}

var (
	_ analysis.Action  = (*Action)(nil)
	_ analysis.Checker = (*Action)(nil)
)

// refHead is the id of a run's message in its receipts.
const refHead = "message"

// Perform implements analysis.Action. The first delivery of a run posts its message;
// each later one edits it and, if people should know, posts the news.
func (a *Action) Perform(ctx context.Context, d analysis.Delivery) (analysis.Receipt, error) {
	m := a.words.Compose(d)
	head := headOf(d.Earlier)
	if head != "" {
		// First the head: doing it twice changes nothing, so an error here can be
		// tried again without posting the news twice.
		gone, err := a.edit(ctx, head, a.settings.head(d.Event, m))
		if err != nil {
			return analysis.Receipt{}, err
		}
		if gone {
			head = ""
		}
	}
	r := analysis.Receipt{Text: "message kept up to date", Done: true}
	switch {
	case head == "":
		id, err := a.post(ctx, d, a.settings.head(d.Event, m))
		if err != nil {
			return analysis.Receipt{}, err
		}
		head, r.Text = id, "posted"
	case important(d.Event.Type, m):
		if _, err := a.post(ctx, d, a.settings.news(d.Event, m)); err != nil {
			return analysis.Receipt{}, err
		}
		r.Text = "posted, and the first message brought up to date"
	}
	r.At, r.Refs = time.Now(), map[string]string{refHead: head}
	return r, nil
}

// headOf finds the message of a run.
func headOf(earlier []analysis.Receipt) string {
	head := ""
	for _, r := range earlier {
		if id := r.Refs[refHead]; snowflake.MatchString(id) {
			head = id
		}
	}
	return head
}

// important reports whether people must not miss it.
func important(t analysis.EventType, m config.Message) bool {
	switch t {
	case analysis.EventRunFailed, analysis.EventRunMarginal, analysis.EventRunInconclusive, analysis.EventRollbackVerified:
		return true
	}
	return m.Urgent
}

// post posts a message and returns its id: with wait=true Discord says whether it was
// really posted.
func (a *Action) post(ctx context.Context, d analysis.Delivery, m message) (string, error) {
	q := a.query()
	q.Set("wait", "true")
	answer, err := a.send(ctx, web.Request{Method: http.MethodPost, Path: "?" + q.Encode(), Mark: d.ID}, m)
	if err != nil {
		return "", err
	}
	var said struct {
		ID string `json:"id"`
	}
	if err := answer.JSON(&said); err != nil {
		return "", err
	}
	if !snowflake.MatchString(said.ID) {
		return "", answer.Nonsense()
	}
	return said.ID, nil
}

// edit rewrites a message. One that somebody has deleted is gone.
func (a *Action) edit(ctx context.Context, id string, m message) (gone bool, err error) {
	path := "/messages/" + id
	if q := a.query(); len(q) > 0 {
		path += "?" + q.Encode()
	}
	m.Username = "" // an edit does not take it
	answer, err := a.send(ctx, web.Request{Method: http.MethodPatch, Path: path}, m)
	if analysis.KindOf(err) == analysis.NotFound && code(answer) == unknownMessage {
		if a.log != nil {
			a.log.Info("the message of a run is gone, a new one is posted", "action", a.client.Who())
		}
		return true, nil
	}
	return false, err
}

func (a *Action) query() url.Values {
	q := url.Values{}
	if a.settings.ThreadID != "" {
		q.Set("thread_id", a.settings.ThreadID)
	}
	return q
}

// unknownMessage is Discord's code for a message that is not there.
const unknownMessage = 10008

// send sends a message. Of a rate limit Discord says in the body how long it lasts,
// more exactly than in the header.
func (a *Action) send(ctx context.Context, r web.Request, m message) (web.Answer, error) {
	var err error
	if r.Body, err = web.Encode(m); err != nil {
		return web.Answer{}, err
	}
	answer, err := a.client.Send(ctx, r)
	var limit struct {
		RetryAfter float64 `json:"retry_after"`
	}
	if analysis.KindOf(err) == analysis.Limited && json.Unmarshal(answer.Body, &limit) == nil && limit.RetryAfter > 0 && limit.RetryAfter < 86400 {
		e := *analysis.AsError(err)
		e.RetryAfter = max(e.RetryAfter, time.Duration(math.Ceil(limit.RetryAfter*1000))*time.Millisecond)
		err = &e
	}
	return answer, err
}

// code is Discord's own of an error; 0 when there is none.
func code(a web.Answer) int {
	var said struct {
		Code int `json:"code"`
	}
	_ = json.Unmarshal(a.Body, &said)
	return said.Code
}

// Check implements analysis.Checker: the webhook is there.
func (a *Action) Check(ctx context.Context) error {
	answer, err := a.client.Send(ctx, web.Request{})
	if err != nil {
		return err
	}
	var hook struct {
		ID string `json:"id"`
	}
	if err := answer.JSON(&hook); err != nil {
		return err
	}
	if hook.ID == "" {
		return answer.Nonsense()
	}
	return nil
}
