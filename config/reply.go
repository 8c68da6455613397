package config

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/haldane-dev/haldane/analysis"
)

// Refused says what an HTTP status means for a delivery: nil for 2xx, else an
// error whose Kind says whether it is tried again. It is the one table of all
// actions that speak HTTP:
//
//	2xx                          done
//	408, 425, 5xx                Unavailable: again
//	429                          Limited: again, after Retry-After
//	401, 403, 407                Denied: final
//	404, 410                     NotFound: final
//	409                          Conflict: final
//	3xx, other 4xx               Invalid: final; redirects are not followed
func Refused(who string, resp *http.Response, now time.Time) *analysis.Error {
	code := resp.StatusCode
	if code >= 200 && code < 300 {
		return nil
	}
	say := func(kind analysis.Kind) *analysis.Error {
		return analysis.Errorf(kind, "%s: answered HTTP %s", who, statusText(code))
	}
	switch {
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code >= 500, code < 200:
		e := say(analysis.Unavailable)
		e.RetryAfter = RetryAfter(resp.Header, now)
		return e
	case code == http.StatusTooManyRequests:
		e := say(analysis.Limited)
		e.RetryAfter = RetryAfter(resp.Header, now)
		return e
	case code < 400:
		return say(analysis.Invalid).WithHint("use the final URL: redirects are not followed")
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusProxyAuthRequired:
		return say(analysis.Denied).WithHint("check its token, password or secret")
	case code == http.StatusNotFound, code == http.StatusGone:
		return say(analysis.NotFound).WithHint("check its URL")
	case code == http.StatusConflict:
		return say(analysis.Conflict)
	}
	return say(analysis.Invalid)
}

func statusText(code int) string {
	return strings.TrimSpace(strconv.Itoa(code) + " " + http.StatusText(code))
}

// Redactor takes secrets out of texts that come from the other side, which may
// repeat what it was sent.
type Redactor struct{ replacer *strings.Replacer }

// leastSecret is how short a text is looked for: a shorter one is no secret.
const leastSecret = 3

// NewRedactor makes a Redactor of secrets. Each is looked for as it is, line by
// line, and in the forms in which programs pass texts on: percent-encoded, in
// JSON, in HTML, in base64.
func NewRedactor(secrets ...string) Redactor {
	var forms []string
	for _, s := range secrets {
		quoted, _ := json.Marshal(s)
		plain, _ := encodeJSON(s)
		all := []string{
			s, strings.TrimSpace(s), url.QueryEscape(s), url.PathEscape(s), html.EscapeString(s),
			strings.Trim(string(quoted), `"`), strings.Trim(string(plain), `"`),
			base64.StdEncoding.EncodeToString([]byte(s)), base64.URLEncoding.EncodeToString([]byte(s)),
		}
		all = append(all, strings.Fields(s)...)
		for _, f := range all {
			if len(f) >= leastSecret {
				forms = append(forms, f)
			}
		}
	}
	// The longest first: a secret that contains another is taken as a whole.
	slices.SortStableFunc(forms, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, f := range slices.Compact(forms) {
		pairs = append(pairs, f, hidden)
	}
	return Redactor{strings.NewReplacer(pairs...)}
}

// Hides reports whether a text holds one of the secrets.
func (r Redactor) Hides(text string) bool {
	return r.replacer != nil && r.replacer.Replace(text) != text
}

// Text returns the beginning of a reply for people: one line of at most limit
// characters, without secrets and without what cannot be printed.
func (r Redactor) Text(reply []byte, limit int) string {
	s := string(reply)
	if r.replacer != nil {
		s = r.replacer.Replace(s)
	}
	var b strings.Builder
	n, space := 0, false
	for _, c := range s {
		if unicode.IsSpace(c) {
			space = true
			continue
		}
		if !unicode.IsPrint(c) || c == unicode.ReplacementChar {
			continue
		}
		if n++; n > limit {
			b.WriteString("...")
			break
		}
		if space && b.Len() > 0 {
			b.WriteByte(' ')
			n++
		}
		space = false
		b.WriteRune(c)
	}
	return b.String()
}
