package config_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// TestRefused goes through all statuses.
func TestRefused(t *testing.T) {
	special := map[int]analysis.Kind{
		401: analysis.Denied, 403: analysis.Denied, 407: analysis.Denied, 404: analysis.NotFound, 410: analysis.NotFound,
		409: analysis.Conflict, 408: analysis.Unavailable, 425: analysis.Unavailable, 429: analysis.Limited,
	}
	for code := 100; code < 1000; code++ {
		want, ok := special[code]
		switch {
		case ok:
		case code < 200, code >= 500:
			want = analysis.Unavailable
		case code >= 300:
			want = analysis.Invalid
		}
		e := config.Refused("undo at h", &http.Response{StatusCode: code, Header: http.Header{}}, time.Now())
		if (e == nil) != (want == "") || e != nil && e.Kind != want {
			t.Errorf("HTTP %d: error %v, want %q", code, e, want)
		}
		if e != nil && (!strings.HasPrefix(e.Message, "undo at h: answered HTTP ") || e.RetryAfter != 0) {
			t.Errorf("HTTP %d: error %q, to be tried again after %v", code, e.Message, e.RetryAfter)
		}
		if redirect := code >= 300 && code < 400; redirect && !strings.Contains(e.Hint, "redirects are not followed") {
			t.Errorf("HTTP %d: hint %q does not speak of redirects", code, e.Hint)
		}
	}
}

// TestRefusedRetryAfter: how long to wait is taken over, also as a date.
func TestRefusedRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 4, 3, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"7": 7 * time.Second, now.Add(time.Minute).Format(http.TimeFormat): time.Minute, "-1": 0, "soon": 0,
		"99999999999999999999": 0,
	} {
		for _, code := range []int{429, 503} {
			e := config.Refused("x", &http.Response{StatusCode: code, Header: http.Header{"Retry-After": {value}}}, now)
			if e.RetryAfter != want {
				t.Errorf("HTTP %d, Retry-After %q: %v, want %v", code, value, e.RetryAfter, want)
			}
		}
	}
}

// TestRedactor takes secrets out in whatever form they come back.
func TestRedactor(t *testing.T) {
	const odd = "a\"b'c<d>&\nsecond line/é"
	r := config.NewRedactor("", "x", "tok", "token-1234", odd)
	for _, c := range []struct{ name, reply, want string }{
		{"plain", "the token-1234 is bad", "the <secret> is bad"},
		{"longest first", "token-1234 tok", "<secret> <secret>"},
		{"as it is", "<" + odd + ">", "<<secret>>"},
		{"a part of it", "on: second", "on: <secret>"},
		{"in a query", "/x?t=a%22b%27c%3Cd%3E%26%0Asecond+line%2F%C3%A9", "/x?t=<secret>"},
		{"in a path", "/a%22b%27c%3Cd%3E&%0Asecond%20line%2F%C3%A9/x", "/<secret>/x"},
		{"in JSON", `{"t":"a\"b'c<d>&\nsecond line/é"}`, `{"t":"<secret>"}`},
		{"in safe JSON", `{"t":"a\"b'c\u003cd\u003e\u0026\nsecond line/é"}`, `{"t":"<secret>"}`},
		{"in HTML", "a&#34;b&#39;c&lt;d&gt;&amp;\nsecond line/é", "<secret>"},
		{"in base64", "Basic " + base64.StdEncoding.EncodeToString([]byte(odd)), "Basic <secret>"},
		{"too short to be one", "x marks", "x marks"},
		{"nothing of ours", "all is well", "all is well"},
		{"not printable", "a\x00b\x1b[31mc\u200bd\xff\n\n e ", "ab[31mcd e"},
		{"long", strings.Repeat("é", 60), strings.Repeat("é", 50) + "..."},
		{"cut behind a secret", strings.Repeat("e", 45) + "token-1234", strings.Repeat("e", 45) + "<secr..."},
	} {
		if got := r.Text([]byte(c.reply), 50); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if got := (config.Redactor{}).Text([]byte("a  b"), 10); got != "a b" {
		t.Errorf("without secrets: %q", got)
	}
}

// TestRedactorHides: whether a text may be kept as it is.
func TestRedactorHides(t *testing.T) {
	r := config.NewRedactor("s3cr3t token")
	for text, want := range map[string]bool{
		"https://h/runs/5": false, "https://h/s3cr3t+token/5": true, "https://h/s3cr3t%20token": true, "czNjcjN0IHRva2Vu": true, "": false,
	} {
		if got := r.Hides(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	if (config.Redactor{}).Hides("anything") {
		t.Error("an empty redactor hides")
	}
}
