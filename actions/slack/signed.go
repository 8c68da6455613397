package slack

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/slack-go/slack"
)

// maxInteraction bounds what Slack tells of a press; it repeats the whole message.
const maxInteraction = 512 << 10

// Interactions answers to what Slack sends to the app's Request URL; nil unless the
// config says interactive: http. Only what Slack has signed in the last five minutes is
// listened to. The answer comes at once, because Slack waits for three seconds; what a
// press asks for is done by Listen.
func (a *Action) Interactions() http.Handler {
	if a.settings.Interactive != overHTTP {
		return nil
	}
	return http.HandlerFunc(a.interaction)
}

func (a *Action) interaction(w http.ResponseWriter, r *http.Request) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		http.Error(w, "not a form", http.StatusUnsupportedMediaType)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxInteraction))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		http.Error(w, "not complete", http.StatusBadRequest)
		return
	case !a.signed(r.Header, body):
		a.log.Warn("a request was not signed by Slack, or too long ago", "action", a.who)
		http.Error(w, "the signature is not Slack's, or too old", http.StatusUnauthorized)
		return
	}
	form, _ := url.ParseQuery(string(body))
	var c slack.InteractionCallback
	if json.Unmarshal([]byte(form.Get("payload")), &c) != nil {
		http.Error(w, "not an interaction", http.StatusBadRequest)
		return
	}
	if p, ok := pressOf(&c); ok && !a.desk.pass(p) {
		http.Error(w, "nobody is there to take it", http.StatusServiceUnavailable) // Slack shows that it failed
		return
	}
	w.WriteHeader(http.StatusOK)
}

// signed reports whether Slack signed a body, and lately.
func (a *Action) signed(h http.Header, body []byte) bool {
	v, err := slack.NewSecretsVerifier(h, a.settings.SigningSecret.Reveal())
	if err != nil {
		return false
	}
	_, _ = v.Write(body) // it cannot fail
	return v.Ensure() == nil
}
