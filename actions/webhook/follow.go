package webhook

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// maxPoll is how large the answer to a poll may be.
const maxPoll = 1 << 20

// pollRef is where a receipt keeps the address to ask.
const pollRef = "poll"

var _ analysis.Follower = (*Action)(nil)

// Follow implements analysis.Follower: it asks once how far the other side is.
func (a *Action) Follow(ctx context.Context, d analysis.Delivery, r analysis.Receipt) (analysis.Receipt, error) {
	if a.parts.poll == nil {
		return r, analysis.Errorf(analysis.Invalid, "%s: it has no poll, so it cannot be followed", a.who)
	}
	req, err := a.pollRequest(ctx, d, r)
	if err != nil {
		return r, err
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return r, config.Unreachable(a.pollWho(), err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxPoll+1))
	if refused := config.Refused(a.pollWho(), resp, time.Now()); refused != nil {
		return r, refused
	}
	if err != nil {
		return r, config.Unreachable(a.pollWho(), err)
	}
	if len(body) > maxPoll {
		return r, config.Unreachable(a.pollWho(), &http.MaxBytesError{Limit: maxPoll})
	}
	return a.judge(req, newView(resp, body, d), r)
}

func (a *Action) pollWho() string { return a.who + ": poll" }

// judge makes a receipt of an answer. Failed is looked at first: what says both is not
// to be trusted.
func (a *Action) judge(req *http.Request, v view, before analysis.Receipt) (analysis.Receipt, error) {
	p, redactor := a.parts.poll, a.redactor(req)
	failed, err := v.is(p.failed, "failed")
	if err != nil {
		return before, a.about("poll", err)
	}
	done, err := v.is(p.done, "done")
	if err != nil {
		return before, a.about("poll", err)
	}
	progress, err := v.run(p.progress, "progress")
	text := ""
	if err == nil && progress != nil { // how far it is is not worth failing for
		text = redactor.Text(fmt.Append(nil, progress), maxText)
	}
	if failed {
		e := analysis.Errorf(analysis.Conflict, "%s: it was accepted, and then it failed", a.who)
		if text != "" {
			e.Message += ": " + text
		}
		return before, e
	}
	out := analysis.Receipt{At: time.Now(), Text: "still going", Refs: before.Refs, Done: done, Again: a.settings.Poll.every().Std()}
	if done {
		out.Text, out.Again = "done", 0
	}
	if text != "" {
		out.Text += ": " + text
	}
	if done {
		return out, nil
	}
	return a.nextAddress(req, v, out)
}

// nextAddress turns to another address when the answer names one: of a queue's entry,
// for example, the build that it became.
func (a *Action) nextAddress(req *http.Request, v view, r analysis.Receipt) (analysis.Receipt, error) {
	next, err := v.run(a.parts.poll.next, "next")
	if err != nil {
		return r, a.about("poll", err)
	}
	address, _ := next.(string)
	if address == "" {
		return r, nil
	}
	kept, err := a.keep(req, address)
	if err != nil {
		return r, err
	}
	r.Refs = map[string]string{pollRef: kept}
	return r, nil
}

// pollRequest makes the request of one poll. Credentials go only to the host that the
// action itself calls.
func (a *Action) pollRequest(ctx context.Context, d analysis.Delivery, r analysis.Receipt) (*http.Request, error) {
	p, values := a.parts.poll, config.NewMessageData(d)
	values.Type = wireType(values.Type)
	target := a.revealed(r.Refs[pollRef])
	if target == "" && p.url != nil {
		var err error
		if target, err = p.url.Render(values); err != nil {
			return nil, a.about("poll.url", err)
		}
	}
	if target == "" {
		return nil, analysis.Errorf(analysis.Invalid, "%s: it was accepted, but the reply named no address to ask what became of it", a.who).
			WithHint("set poll.url or poll.location")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	if err != nil {
		return nil, analysis.Errorf(analysis.Invalid, "%s: the address to ask cannot be used", a.who)
	}
	own, err := url.Parse(a.parts.url.Origin)
	if err != nil || !p.allowed(own, req.URL) {
		return nil, a.stranger(req.URL)
	}
	req.Header.Set("User-Agent", a.userAgent)
	req.Header.Set("Accept", "application/json")
	if !sameHost(own, req.URL) {
		return req, nil
	}
	return req, a.credentials(req, values)
}

func (a *Action) stranger(u *url.URL) *analysis.Error {
	return analysis.Errorf(analysis.Invalid, "%s: the address to ask is of another host, %s", a.who, hostPort(u)).
		WithHint("list the host in poll.hosts, if it is meant")
}

// address finds in the reply to the request where to ask what became of it; "" when it
// does not say, or when poll.url does.
func (a *Action) address(req *http.Request, v view) (string, error) {
	p := a.parts.poll
	if p == nil || p.url != nil {
		return "", nil
	}
	address, _ := v.Headers["location"].(string)
	if p.location != nil {
		out, err := v.run(p.location, "location")
		if err != nil {
			return "", err
		}
		address, _ = out.(string)
	}
	if address == "" {
		return "", nil
	}
	return a.keep(req, address)
}
