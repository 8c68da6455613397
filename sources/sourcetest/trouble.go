package sourcetest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// Whether a source may, must or must not ask again.
type again int

const (
	never again = iota
	always
	either
)

// trouble is an answer that must become an error.
type trouble struct {
	name  string
	setup func(*Setup)
	reply func(s *stand) reply
	kind  analysis.Kind // "" for any
	again again
	words string // that the error must hold
}

// wait is what servers ask for that want to be left alone; no case waits for it.
const wait = 7 * time.Second

func troubleCases() []exercise {
	list := []trouble{
		{name: "a wrong query", reply: refuses(Refusal{Trouble: WrongQuery, Words: "1:5: unexpected )"}), kind: analysis.Invalid, words: "1:5: unexpected )"},
		{name: "a chatty error", reply: chatty(WrongQuery), kind: analysis.Invalid, words: "it said"},
		{name: "a chatty error inside 200", reply: chatty(InsideOK), again: either, words: "it said"},
		{name: "an endless error", reply: refuses(Refusal{Trouble: WrongQuery, Words: strings.Repeat("no ", 10_000)}), kind: analysis.Invalid},
		{name: "an error inside 200", reply: refuses(Refusal{Trouble: InsideOK, Words: "something went wrong"}), again: either, words: "something went wrong"},
		{name: "wrong credentials", reply: refuses(Refusal{Trouble: WrongCredentials}), kind: analysis.Denied},
		{name: "credentials that may not", reply: refuses(Refusal{Trouble: Forbidden}), kind: analysis.Denied},
		{name: "a broken server", reply: refuses(Refusal{Trouble: Broken}), kind: analysis.Unavailable, again: always},
		{name: "nothing there", reply: plain(http.StatusNotFound, "404 page not found"), kind: analysis.Invalid},
		{name: "a web page with 500", reply: page(500), kind: analysis.Unavailable, again: always},
		{name: "a web page with 502", reply: page(502), kind: analysis.Unavailable, again: always},
		{name: "a web page with 503", reply: page(503), kind: analysis.Unavailable, again: always},
		{name: "a web page with 504", reply: page(504), kind: analysis.Unavailable, again: always},
		{name: "a web page with 200", reply: page(200), kind: analysis.Unavailable, again: either},
		{name: "a web page with 401", reply: page(401), kind: analysis.Denied},
		{name: "a connection that breaks", reply: breaks, kind: analysis.Unavailable, again: always},
		{name: "an answer cut off on the way", reply: cutOff(true), kind: analysis.Unavailable, again: always},
		{name: "half an answer", reply: cutOff(false), kind: analysis.Unavailable, again: either},
		{name: "a huge answer", reply: huge, kind: analysis.Unavailable},
		{name: "no answer", setup: quick, reply: hangs, kind: analysis.Unavailable, again: always},
		{name: "JSON of another kind", reply: bodies(`{}`, `null`, `"x"`, `1`, `{"a":[1,2]}`, `{"error":null}`, ``, `[`), kind: analysis.Unavailable, again: either},
	}
	var cases []exercise
	for _, tr := range list {
		cases = append(cases, exercise{name: tr.name, setup: tr.setup, run: tr.run, server: true})
	}
	return append(cases,
		exercise{name: "asked to slow down", server: true, run: slowDown},
		exercise{name: "a redirect", server: true, run: redirect},
		exercise{name: "a server that is down", server: true, run: down},
		exercise{name: "trouble that passes", server: true, run: passes},
	)
}

// run wants an error: never samples, and never "no data".
func (tr trouble) run(s *stand) {
	s.replies(tr.reply(s))
	got, err := s.fetch(s.ctx, s.query(3, time.Minute))
	if err == nil {
		s.Fatalf("%d series and no error", len(got))
	}
	s.wants(err, tr.kind, tr.again)
	if !strings.Contains(err.Error(), tr.words) {
		s.Errorf("error %q does not hold the server's words %q", err, tr.words)
	}
}

// wants checks an error's kind and how often the server was asked.
func (s *stand) wants(err error, kind analysis.Kind, a again) {
	if got := analysis.KindOf(err); kind != "" && got != kind {
		s.Errorf("error %q is %s, want %s", err, got, kind)
	}
	n := s.count()
	switch {
	case a == never && n != 1:
		s.Errorf("%d requests, want 1: asking again does not help", n)
	case a == always && n < 2:
		s.Errorf("%d requests, want another try", n)
	case n > 6:
		s.Errorf("%d requests: that is too many tries", n)
	}
}

// slowDown wants the server's wish to be passed on when there is no time to wait.
func slowDown(s *stand) {
	s.replies(refuses(Refusal{Trouble: SlowDown, Words: "too many", Wait: wait})(s))
	ctx, cancel := context.WithTimeout(s.ctx, wait-2*time.Second)
	defer cancel()
	_, err := s.fetch(ctx, s.query(3, time.Minute))
	s.wants(err, analysis.Limited, never)
	if e := analysis.AsError(err); e == nil {
		s.Errorf("no error: want to be told to come back after %s", wait)
	} else if e.RetryAfter < wait || e.RetryAfter > wait+s.vendor.Later {
		s.Errorf("error %v: want to be told to come back after %s, not after %s", err, wait, e.RetryAfter)
	}
}

// redirect wants credentials to go nowhere else.
func redirect(s *stand) {
	var visits atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { visits.Add(1) }))
	s.Cleanup(elsewhere.Close)
	for _, code := range []int{301, 302, 303, 307, 308} {
		s.replies(func(_ int, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+"/login?next="+s.setup.Token, code)
		})
		_, err := s.fetch(s.ctx, s.query(3, time.Minute))
		if err == nil {
			s.Fatalf("%d: no error", code)
		}
		s.wants(err, analysis.Unavailable, never)
	}
	if n := visits.Load(); n != 0 {
		s.Errorf("the redirects were followed %d times", n)
	}
}

func down(s *stand) {
	s.server.Close()
	_, err := s.fetch(s.ctx, s.query(3, time.Minute))
	if analysis.KindOf(err) != analysis.Unavailable {
		s.Errorf("error %v, want an unavailable one", err)
	}
}

// passes wants an answer when only the first try fails.
func passes(s *stand) {
	for name, first := range map[string]reply{"page": page(503)(s), "break": breaks(s), "cut": cutOff(true)(s)} {
		s.replies(func(n int, w http.ResponseWriter, r *http.Request) {
			if n == 1 {
				first(n, w, r)
				return
			}
			s.answer(w, r, Answer{Series: []analysis.Series{series(time.Minute, nil, 1, 2, 3)}})
		})
		got, err := s.fetch(s.ctx, s.query(3, time.Minute))
		if err != nil || len(got) != 1 {
			s.Fatalf("%s: %d series, error %v", name, len(got), err)
		}
		s.same(got[0].Values, analysis.Values{1, 2, 3})
	}
}
