package sourcetest

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// mannerCases are about how a source behaves towards its caller and its server.
func mannerCases() []exercise {
	return []exercise{
		{name: "credentials reach the server", server: true, run: credentialsCase},
		{name: "given up before", run: givenUpBefore},
		{name: "given up meanwhile", server: true, setup: patient, run: givenUpMeanwhile},
		{name: "the caller's deadline", server: true, setup: patient, run: callersDeadline},
		{name: "many at once", server: true, setup: func(s *Setup) { patient(s); s.MaxConcurrent = 3 }, run: manyAtOnce},
		{name: "given up in the queue", server: true, setup: func(s *Setup) { patient(s); s.MaxConcurrent = 1 }, run: givenUpInTheQueue},
		{name: "answers are the caller's", run: answersAreTheCallers},
	}
}

// patient leaves giving up to the caller.
func patient(s *Setup) { s.Timeout = time.Hour }

// credentialsCase makes sure that the secrets which the other cases look for are
// really sent, with each request anew.
func credentialsCase(s *stand) {
	s.has(Answer{Series: []analysis.Series{series(time.Minute, nil, 1, 2, 3)}})
	for range 3 {
		if _, err := s.fetch(s.ctx, s.query(3, time.Minute)); err != nil {
			s.Fatal(err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	want := s.setup.Token
	if s.vendor.Carries != nil {
		want = mark // perhaps in another form
	}
	for i, r := range s.seen {
		_, password, _ := r.BasicAuth()
		token := slices.ContainsFunc(s.carried[i], func(c string) bool { return strings.Contains(c, want) })
		if basic := password == s.setup.Secret && !s.vendor.TokenOnly && s.vendor.Carries == nil; !basic && !token {
			s.Errorf("request %s carries neither the secret nor the token", r.URL.Path)
		}
		if !strings.Contains(r.UserAgent(), "haldane/1.2.3") {
			s.Errorf("user agent %q, want haldane/1.2.3", r.UserAgent())
		}
	}
}

func givenUpBefore(s *stand) {
	s.has(Answer{})
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	_, err := s.fetch(ctx, s.query(3, time.Minute))
	if analysis.KindOf(err) != analysis.Unavailable || s.count() != 0 {
		s.Errorf("error %v after %d requests, want an unavailable one after none", err, s.count())
	}
}

// givenUpMeanwhile cancels when the server has the request. That Fetch returns at
// all is what is tested: the server never answers.
func givenUpMeanwhile(s *stand) {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	hang := hangs(s)
	s.replies(func(n int, w http.ResponseWriter, r *http.Request) {
		cancel()
		hang(n, w, r)
	})
	_, err := s.fetch(ctx, s.query(3, time.Minute))
	s.wants(err, analysis.Unavailable, never)
}

func callersDeadline(s *stand) {
	s.replies(hangs(s))
	ctx, cancel := context.WithTimeout(s.ctx, time.Second)
	defer cancel()
	_, err := s.fetch(ctx, s.query(3, time.Minute))
	s.wants(err, analysis.Unavailable, never)
}

// manyAtOnce asks 12 times with room for 3. The server holds its answers until 3
// requests are there, and then long enough for a fourth to show up.
func manyAtOnce(s *stand) {
	const limit = 3
	var (
		mu         sync.Mutex
		now, most  int
		full, open = make(chan struct{}), make(chan struct{})
	)
	given := Answer{Series: []analysis.Series{series(time.Minute, nil, 1, 2, 3)}}
	s.replies(func(_ int, w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ping" {
			return
		}
		mu.Lock()
		now++
		most = max(most, now)
		if now == limit && most == limit {
			select {
			case <-full:
			default:
				close(full)
			}
		}
		mu.Unlock()
		select {
		case <-open:
		case <-s.closed:
		case <-s.ctx.Done():
		}
		s.answer(w, r, given)
		mu.Lock()
		now--
		mu.Unlock()
	})
	var all sync.WaitGroup
	for range 4 * limit {
		all.Go(func() {
			got, err := s.fetch(s.ctx, s.query(3, time.Minute))
			if err != nil || len(got) != 1 {
				s.Errorf("%d series, error %v", len(got), err)
				return
			}
			s.same(got[0].Values, given.Series[0].Values)
		})
	}
	select {
	case <-full:
	case <-s.ctx.Done():
		s.Errorf("there are never %d requests at a time", limit)
	}
	for range 200 {
		if resp, err := http.Get(s.server.URL + "/ping"); err == nil {
			_ = resp.Body.Close()
		}
	}
	close(open)
	all.Wait()
	if most != limit {
		s.Errorf("%d requests at a time, max_concurrent is %d", most, limit)
	}
}

// givenUpInTheQueue fills the only slot and gives up waiting for it.
func givenUpInTheQueue(s *stand) {
	arrived, open := make(chan struct{}), make(chan struct{})
	s.replies(func(n int, w http.ResponseWriter, r *http.Request) {
		if n == 1 {
			close(arrived)
		}
		select {
		case <-open:
		case <-s.closed:
		case <-s.ctx.Done():
		}
		s.answer(w, r, Answer{})
	})
	var first sync.WaitGroup
	first.Go(func() {
		if _, err := s.fetch(s.ctx, s.query(3, time.Minute)); err != nil {
			s.Errorf("the first: %v", err)
		}
	})
	<-arrived
	ctx, cancel := context.WithTimeout(s.ctx, 50*time.Millisecond)
	defer cancel()
	_, err := s.fetch(ctx, s.query(3, time.Minute))
	s.wants(err, analysis.Unavailable, never)
	close(open)
	first.Wait()
}

// answersAreTheCallers wants answers that may be written to.
func answersAreTheCallers(s *stand) {
	s.has(Answer{Series: []analysis.Series{series(time.Minute, nil, 1, 2, 3)}})
	for range 2 {
		got, err := s.fetch(s.ctx, s.query(3, time.Minute))
		if err != nil || len(got) != 1 {
			s.Fatalf("%d series, error %v", len(got), err)
		}
		s.same(got[0].Values, analysis.Values{1, 2, 3})
		got[0].Values[0] = -1
	}
}
