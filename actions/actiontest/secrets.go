package actiontest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// Planted are secrets that are easy to lose: one with quotes, one with line
// breaks. An action that cannot hold one (a header takes no line break) takes what
// it can of it.
func Planted() []string {
	return []string{
		"planted-Secret-1234",
		`planted-"quoted"-'Secret'-<5678>&`,
		"planted-First-9012\nplanted-\"Second\"-3456\r\n",
	}
}

// secrets looks for planted ones in everything that an action gives away: errors,
// receipts, logs. The other side repeats all that it was sent, in every way.
func secrets(t *testing.T, k Kit) {
	for _, secret := range Planted() {
		for name, answer := range echoes() {
			s := httptest.NewServer(answer)
			k.leaks(t, name, secret, s.URL)
			s.Close()
		}
		tls := httptest.NewUnstartedServer(k.Accept)
		tls.Config.ErrorLog = quiet()
		tls.StartTLS()
		k.leaks(t, "strange certificate", secret, tls.URL)
		tls.Close()
		k.leaks(t, "nobody listens", secret, "http://"+closedPort(t))
		k.leaks(t, "refused address", secret, "http://169.254.169.254")
		k.leaks(t, "no such host", secret, "http://no..such..host")
	}
}

// leaks performs and checks, and looks for a secret in what comes out.
func (k Kit) leaks(t *testing.T, name, secret, base string) {
	t.Helper()
	var logs bytes.Buffer
	a := k.open(t, base, func(s *Setup) {
		s.Secret, s.Timeout = secret, 5*time.Second
		s.Env.Log = slog.New(slog.NewJSONHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	var out strings.Builder
	show := func(v any) {
		b, _ := json.Marshal(v)
		fmt.Fprintf(&out, "%s\n%v\n%+v\n%#v\n", b, v, v, v)
	}
	for attempt := range 2 {
		d := Delivery(1)
		d.Attempts = attempt + 1
		receipt, err := a.Perform(t.Context(), d)
		show(receipt)
		show(err)
		if err != nil {
			show(*analysis.AsError(err))
		}
	}
	if c, ok := a.(analysis.Checker); ok {
		show(c.Check(t.Context()))
	}
	show(a)
	tells(t, name, secret, out.String()+logs.String())
}

// tells looks for a secret in a text.
func tells(t *testing.T, name, secret, text string) {
	t.Helper()
	for _, form := range forms(secret) {
		if at := strings.Index(text, form); at >= 0 {
			t.Errorf("%s: %q got out: ...%s...", name, form, text[max(0, at-200):min(len(text), at+200)])
			return
		}
	}
	for _, word := range base64Words.FindAllString(text, -1) {
		if plain, err := base64.StdEncoding.DecodeString(word); err == nil && strings.Contains(string(plain), secret) {
			t.Errorf("%s: the secret got out in base64: %s", name, word)
		}
	}
}

var base64Words = regexp.MustCompile(`[A-Za-z0-9+/]{12,}={0,2}`)

// forms are the ways in which a secret may be written.
func forms(secret string) []string {
	quoted, _ := json.Marshal(secret)
	out := []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(string(quoted), `"`),
		strings.Trim(fmt.Sprintf("%q", secret), `"`), base64.StdEncoding.EncodeToString([]byte(secret)),
	}
	return append(out, strings.Fields(secret)...)
}

// parts are what a request says, each in all the ways in which a server may read it.
func parts(r *http.Request) []string {
	body, _ := io.ReadAll(r.Body)
	var headers []string
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(r.Header))) { // the X- ones first
		headers = append(headers, name+": "+r.Header.Get(name))
	}
	user, password, _ := r.BasicAuth()
	form, _ := url.QueryUnescape(string(body))
	query, _ := url.QueryUnescape(r.URL.RawQuery)
	return []string{
		r.Method + " " + r.RequestURI, r.URL.Path, query, strings.Join(headers, "\n"), r.Header.Get("Authorization"),
		user + " " + password, password, string(body), form, strings.Join(strings.Split(r.URL.Path, "/"), " "),
	}
}

// echoes are servers that repeat what they are sent: every part of it once at the
// beginning, because little of a long answer is kept.
func echoes() map[string]http.HandlerFunc {
	out := map[string]http.HandlerFunc{}
	n := len(parts(httptest.NewRequest(http.MethodPost, "/", http.NoBody)))
	for _, code := range []int{200, 400, 429, 500} {
		for first := range n {
			if first > 0 && code > 400 {
				break // answers of these are treated as those of 400 are
			}
			text := func(r *http.Request) string {
				p := parts(r)
				return strings.Join(append(p[first:], p[:first]...), "\n")
			}
			out[fmt.Sprintf("HTTP %d, part %d, as text", code, first)] = func(w http.ResponseWriter, r *http.Request) {
				said := text(r)
				w.Header().Set("Retry-After", strings.ReplaceAll(r.Header.Get("Authorization"), "\n", " "))
				w.WriteHeader(code)
				fmt.Fprint(w, said)
			}
			out[fmt.Sprintf("HTTP %d, part %d, as JSON", code, first)] = func(w http.ResponseWriter, r *http.Request) {
				said := text(r)
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(code)
				_ = json.NewEncoder(w).Encode(map[string]any{"error": said, "needed": said, "ok": false})
			}
		}
	}
	out["a redirect"] = func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/again?"+url.QueryEscape(strings.Join(parts(r), " ")), http.StatusTemporaryRedirect)
	}
	out["in the status line"] = func(w http.ResponseWriter, r *http.Request) {
		said := strings.Join(strings.Fields(strings.Join(parts(r), " ")), " ")
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 418 %s\r\nContent-Length: 0\r\n\r\n", said)
		_ = conn.Close()
	}
	return out
}

// quiet is a log for servers whose complaints are what is tested.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
