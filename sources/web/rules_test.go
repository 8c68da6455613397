package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// TestAnswers is the table of what a server may say, and what a person is told.
func TestAnswers(t *testing.T) {
	plain := []string{"Content-Type", "text/plain; charset=utf-8"}
	for _, c := range []struct {
		code    int
		body    string
		headers []string
		kind    analysis.Kind
		tries   int
		text    string // all of it
	}{
		{200, two, nil, "", 1, ""},
		{202, two, nil, "", 1, ""},
		{400, "no such thing\n", plain, analysis.Invalid, 1, "the query was refused: no such thing"},
		{400, `{"why":"no such thing"}`, nil, analysis.Invalid, 1, "the query was refused"},
		{400, "<html>bad</html>", plain[:0], analysis.Invalid, 1, "the query was refused"},
		{400, "Client sent an HTTP request to an HTTPS server.", plain, analysis.Invalid, 1, "the query was refused: Client sent an HTTP request to an HTTPS server. (try: https:// in its url)"},
		{401, "who?", plain, analysis.Denied, 1, "credentials are missing or wrong: who? (try: check basic_auth, bearer_token, oauth2 and headers)"},
		{403, "", nil, analysis.Denied, 1, "the credentials may not query (try: check basic_auth, bearer_token, oauth2 and headers)"},
		{404, "", nil, analysis.Invalid, 1, "there is no Shop API at its url (try: the address of the shop)"},
		{405, "", nil, analysis.Invalid, 1, "there is no Shop API at its url (try: the address of the shop)"},
		{407, "", nil, analysis.Denied, 1, "the proxy wants credentials (try: put them into proxy_url)"},
		{408, "", nil, analysis.Unavailable, 3, "it gave up on the query"},
		{413, "", nil, analysis.Invalid, 1, "the query is too long for it"},
		{414, "", nil, analysis.Invalid, 1, "the query is too long for it"},
		{418, "", nil, analysis.Invalid, 1, "it refuses the request with status 418"},
		{422, "", nil, analysis.Invalid, 1, "the query was refused"},
		{425, "", nil, analysis.Unavailable, 3, "it gave up on the query"},
		{429, "", nil, analysis.Limited, 1, "it asks to slow down"},
		{431, "", nil, analysis.Invalid, 1, "the query is too long for it"},
		{499, "", nil, analysis.Unavailable, 3, "it gave up on the query"},
		{500, "boom", plain, analysis.Unavailable, 3, "it answers 500: boom"},
		{501, "", nil, analysis.Invalid, 1, "there is no Shop API at its url (try: the address of the shop)"},
		{502, "<html>", []string{"Content-Type", "text/html"}, analysis.Unavailable, 3, "it answers 502"},
		{301, "moved", append(plain, "Location", "https://me:pw@shop/x?token=1#y"), analysis.Unavailable, 1, "it redirects: to https://shop/x (try: the final address as url)"},
		{302, "", []string{"Location", "/login"}, analysis.Unavailable, 1, "it redirects: to http://shop:9090/login (try: the final address as url)"},
		{304, "", nil, analysis.Unavailable, 1, "it redirects (try: the final address as url)"},
		{200, " \n<!DOCTYPE html>", nil, analysis.Unavailable, 1, "it answers with a web page (try: check that its url is that of a shop)"},
		{200, two[:5], nil, analysis.Unavailable, 3, "its answer is cut off"},
		{204, "", nil, analysis.Unavailable, 3, "its answer is cut off"},
		{200, "hello", nil, analysis.Unavailable, 1, "its answer is not that of a Shop API (try: check that its url is that of a shop)"},
		{200, two + two, nil, analysis.Unavailable, 1, "its answer is not that of a Shop API (try: check that its url is that of a shop)"},
		{200, `{"price":"2"}`, nil, analysis.Unavailable, 1, "its answer is not that of a Shop API (try: check that its url is that of a shop)"},
		{200, `{}`, nil, analysis.Unavailable, 1, "it has no price (try: check that its url is that of a shop)"},
	} {
		synctest.Test(t, func(t *testing.T) { // for the waits between tries
			asked := 0
			_, err := price(t.Context(), over(func(*http.Request) (*http.Response, error) {
				asked++
				return says(c.code, c.body, c.headers...), nil
			}))
			text := ""
			if err != nil {
				text = strings.TrimPrefix(err.Error(), "source prom: ")
			}
			if analysis.KindOf(err) != c.kind || text != c.text || asked != c.tries {
				t.Errorf("%d %s:\n%s, %s after %d tries\nwant %s, %s after %d", c.code, c.body, text, analysis.KindOf(err), asked, c.text, c.kind, c.tries)
			}
		})
	}
}

// TestWords wants a vendor's own words, and its own rule where it has one.
func TestWords(t *testing.T) {
	words := func(a Answer, r *Rule) string {
		switch string(a.Body) {
		case "busy":
			*r = Rule{Kind: analysis.Limited, Again: true, Why: "its budget is used up", Wait: 40 * time.Second}
			return "by team sesame-key"
		case "nothing":
			return ""
		}
		return "own: " + string(a.Body) + a.Header.Get("X-Detail")
	}
	for _, c := range []struct {
		code    int
		body    string
		headers []string
		kind    analysis.Kind
		text    string
		wait    time.Duration
	}{
		{400, "bad", []string{"X-Detail", " indeed"}, analysis.Invalid, "the query was refused: own: bad indeed", 0},
		{429, "slow", []string{"Retry-After", "3600"}, analysis.Limited, "it asks to slow down: own: slow", time.Hour},
		{400, "busy", nil, analysis.Limited, "its budget is used up: by team <secret>", 40 * time.Second},
		{400, "nothing", []string{"Content-Type", "text/plain"}, analysis.Invalid, "the query was refused: nothing", 0},
		{302, "here", []string{"Location", "/login"}, analysis.Unavailable, "it redirects: to http://shop:9090/login (try: the final address as url)", 0},
	} {
		client := overWith(func(*http.Request) (*http.Response, error) { return says(c.code, c.body, c.headers...), nil }, func(s *Server) {
			s.Vendor.Words = words
			s.Vendor.Secrets = []config.Secret{config.NewSecret("sesame-key")}
		})
		_, err := price(t.Context(), client)
		e := analysis.AsError(err)
		if e.Kind != c.kind || e.Error() != "source prom: "+c.text || e.RetryAfter != c.wait {
			t.Errorf("%d %s: %v, %s, after %s", c.code, c.body, e, e.Kind, e.RetryAfter)
		}
	}
}

// TestErrorInside uses the table for what came with status 200.
func TestErrorInside(t *testing.T) {
	for code, tries := range map[int]int{400: 1, 401: 1, 500: 3} {
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			c := over(func(*http.Request) (*http.Response, error) { asked++; return says(200, two), nil })
			err := c.Ask(t.Context(), Request{}, func(Answer) error { return c.Fail(c.Status(code), "sorry\n"+strings.Repeat("x", 1000)) })
			if analysis.KindOf(err) != c.Status(code).Kind || asked != tries || !strings.Contains(err.Error(), ": sorry xxx") || len(err.Error()) > 700 {
				t.Errorf("%d: error %v after %d tries", code, err, asked)
			}
		})
	}
}

// TestForeignErrors are not shown: they may quote anything.
func TestForeignErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("sesame")
		err := over(nil).Call(t.Context(), func(context.Context) error { return cause })
		if analysis.KindOf(err) != analysis.Unavailable || strings.Contains(err.Error(), "sesame") || !errors.Is(err, cause) {
			t.Errorf("error %v", err)
		}
	})
}
