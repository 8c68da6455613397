package actiontest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// followedNonsense are answers that say nothing: neither the end nor a failure.
func followedNonsense(t *testing.T, k Kit) {
	for _, body := range []string{"", "null", "[]", "{}", "true", "7", `""`, "<html>a page</html>", "{", `{"status": 7}`, `{"status": null}`} {
		j := k.depart(t)
		j.says(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
		if err := j.follow(t); j.receipt.Done || err != nil && !Again(err.Kind) {
			t.Errorf("answer %q: done %v, error %v; want it asked again", body, j.receipt.Done, err)
		}
	}
}

func followedEndless(t *testing.T, k Kit) {
	j := k.depart(t)
	hungUp := make(chan struct{}, 16)
	j.says(func(w http.ResponseWriter, _ *http.Request) {
		defer func() { hungUp <- struct{}{} }()
		for chunk := []byte(strings.Repeat("x", 32<<10)); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	err := j.follow(t)
	<-hungUp
	if err == nil || err.Kind != analysis.Unavailable {
		t.Errorf("error %v, want unavailable", err)
	}
}

func followedRedirects(t *testing.T, k Kit) {
	var heard atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		heard.Add(1)
		k.Following.Done(w, r)
	}))
	t.Cleanup(other.Close)
	j := k.depart(t)
	for _, code := range []int{301, 302, 303, 307, 308} {
		j.says(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL+"/elsewhere", code) })
		if err := j.follow(t); err == nil || err.Kind != analysis.Invalid || err.Hint == "" {
			t.Errorf("HTTP %d: error %v, want invalid with a hint", code, err)
		}
	}
	if heard.Load() != 0 {
		t.Errorf("%d redirects were followed", heard.Load())
	}
}

func followedCancelled(t *testing.T, k Kit) {
	j := k.depart(t)
	ctx, cancel := context.WithCancel(t.Context())
	hold := make(chan struct{})
	defer close(hold)
	j.says(func(_ http.ResponseWriter, _ *http.Request) {
		cancel()
		<-hold
	})
	if _, err := j.f.Follow(ctx, j.d, j.receipt); analysis.KindOf(err) != analysis.Unavailable {
		t.Errorf("cancelled: error %v, want unavailable", err)
	}
}

func followedSlow(t *testing.T, k Kit) {
	j := k.depart(t)
	hold := make(chan struct{})
	defer close(hold)
	slow := k.open(t, j.URL, func(s *Setup) { s.Timeout = 50 * time.Millisecond })
	j.says(func(http.ResponseWriter, *http.Request) { <-hold })
	if _, err := slow.(analysis.Follower).Follow(t.Context(), j.d, j.receipt); analysis.KindOf(err) != analysis.Unavailable {
		t.Errorf("slow server: error %v, want unavailable", err)
	}
}

func followedNobody(t *testing.T, k Kit) {
	j := k.depart(t)
	j.Server.Close()
	if err := j.follow(t); err == nil || err.Kind != analysis.Unavailable {
		t.Errorf("error %v, want unavailable", err)
	}
}

// followedSecrets looks for planted ones in what following gives away, while the other
// side repeats all that it was sent.
func followedSecrets(t *testing.T, k Kit) {
	for _, secret := range Planted() {
		j := k.depart(t, func(s *Setup) { s.Secret = secret })
		for name, answer := range echoes() {
			j.says(answer)
			r, err := j.f.Follow(t.Context(), j.d, j.receipt)
			tells(t, name, secret, fmt.Sprintf("%v %+v %#v %v %+v", r, r, r, err, analysis.AsError(err)))
		}
	}
}
