package slack

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// maxAnswer bounds an answer; a page of history with long messages is the largest.
const maxAnswer = 4 << 20

// guard stands between the client library and the network, and lets through only
// answers that say yes. The library takes an answer without an error code for a
// success whatever it says of ok, drops the text of a webhook's error and the time
// to wait of some rate limits, and reads answers without a bound.
type guard struct {
	next http.RoundTripper
	who  string
	hook bool // an incoming webhook, which answers in plain text
}

// RoundTrip implements http.RoundTripper. What is not a yes becomes an
// *analysis.Error.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := g.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	refused := config.Refused(g.who, resp, time.Now())
	switch {
	case refused != nil && g.hook:
		return nil, g.hookError(refused, string(body))
	case refused != nil:
		return nil, refused
	case err != nil:
		return nil, err
	case len(body) > maxAnswer:
		return nil, analysis.Errorf(analysis.Unavailable, "%s: the answer is larger than %d MiB", g.who, maxAnswer>>20)
	case strings.HasPrefix(req.Header.Get("Content-Type"), "multipart/"):
		// An upload of a file, which is answered in plain text: the status says it all.
	case g.hook:
		err = g.hookSaysYes(string(body))
	default:
		err = g.apiSaysYes(resp, body)
	}
	if err != nil {
		return nil, err
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, nil
}

// apiSaysYes looks into an answer of the API.
func (g *guard) apiSaysYes(resp *http.Response, body []byte) error {
	var answer struct {
		OK     bool   `json:"ok"`
		Error  string `json:"error"`
		Needed string `json:"needed"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return analysis.Errorf(analysis.Unavailable, "%s: the answer is not the JSON of Slack", g.who).Because(err)
	}
	if answer.OK {
		return nil
	}
	if answer.Error == "" {
		return analysis.Errorf(analysis.Unavailable, "%s: the answer says neither yes nor no", g.who)
	}
	e := meaning(g.who, answer.Error)
	if e.Kind == analysis.Limited || e.Kind == analysis.Unavailable {
		e.RetryAfter = config.RetryAfter(resp.Header, time.Now())
	}
	if answer.Error == "missing_scope" && scopeForm.MatchString(answer.Needed) {
		e = e.WithHint("add the scope %s and install the app again", answer.Needed)
	}
	return e
}

// hookSaysYes looks into the answer of an incoming webhook, which is "ok". An
// error page of something in between is tried again; anything else is final,
// because the message may have been posted.
func (g *guard) hookSaysYes(text string) error {
	switch text = strings.TrimSpace(text); {
	case text == "ok":
		return nil
	case strings.HasPrefix(text, "<"):
		return analysis.Errorf(analysis.Unavailable, "%s: a page came back instead of Slack's ok", g.who)
	case codeForm.MatchString(text):
		return meaning(g.who, text)
	}
	return analysis.Errorf(analysis.Invalid, "%s: the answer is not Slack's ok", g.who).
		WithHint("check that webhook_url is an incoming webhook of Slack")
}

// hookError makes the error more exact when a webhook names its code. Whether it
// is tried again stays as the status says.
func (g *guard) hookError(refused *analysis.Error, text string) *analysis.Error {
	code := strings.TrimSpace(text)
	if t, known := troubles[code]; !known || t.kind == analysis.Unavailable || t.kind == analysis.Limited ||
		refused.Kind == analysis.Unavailable || refused.Kind == analysis.Limited {
		return refused
	}
	return meaning(g.who, code)
}
