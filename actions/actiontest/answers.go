package actiontest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// accepted is the plain good case.
func accepted(t *testing.T, k Kit) {
	s := serve(t, k.accept)
	d := Delivery(1)
	before := time.Now()
	receipt, err := perform(t, k.open(t, s.URL), d)
	if err != nil {
		t.Fatal(err)
	}
	if receipt.At.Before(before.Add(-time.Second)) {
		t.Errorf("the receipt's time is %v, which is not now", receipt.At)
	}
	if keys := k.keys(s); len(keys) != 1 || keys[0] != d.ID {
		t.Errorf("repeat keys in the requests: %q, want once %q", keys, d.ID)
	}
}

func (k Kit) accept(w http.ResponseWriter, r *http.Request, _ <-chan struct{}) { k.Accept(w, r) }

// keys returns the repeat keys a stub has seen.
func (k Kit) keys(s *stub) []string {
	var out []string
	for _, r := range s.requests() {
		if key := k.Key(r.r, r.body); key != "" {
			out = append(out, key)
		}
	}
	return out
}

// statuses is the table of what is tried again and what is final: one for all
// actions.
func statuses(t *testing.T, k Kit) {
	for _, c := range []struct {
		codes []int
		again bool
	}{
		{[]int{408, 425, 429, 500, 501, 502, 503, 504, 521, 599}, true},
		{[]int{300, 301, 302, 303, 304, 307, 308, 400, 401, 402, 403, 404, 405, 406, 409, 410, 411, 413, 414, 415, 418, 422, 451}, false},
	} {
		for _, code := range c.codes {
			for _, body := range []string{"", "plain words", "<html><body>a page</body></html>"} {
				reply := Reply{Answer: func(w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(code)
					fmt.Fprint(w, body)
				}}
				e := k.reply(t, reply)
				if e == nil || Again(e.Kind) != c.again {
					t.Errorf("HTTP %d %q: error %v, want again = %v", code, body, e, c.again)
				}
			}
		}
	}
	for _, code := range []int{429, 503} {
		e := k.reply(t, Reply{Answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(code)
		}})
		if e == nil || e.RetryAfter != 7*time.Second {
			t.Errorf("HTTP %d with Retry-After 7: error %v does not say how long", code, e)
		}
	}
}

// reply performs a delivery against one answer.
func (k Kit) reply(t *testing.T, r Reply) *analysis.Error {
	t.Helper()
	s := httptest.NewServer(r.Answer)
	defer s.Close()
	_, err := perform(t, k.open(t, s.URL), Delivery(1))
	return err
}

// replies are the vendor's own.
func replies(t *testing.T, k Kit) {
	for _, r := range k.Replies {
		t.Run(r.Name, func(t *testing.T) {
			e := k.reply(t, r)
			var got analysis.Kind
			var after time.Duration
			if e != nil {
				got, after = e.Kind, e.RetryAfter
			}
			if got != r.Want || after != r.RetryAfter {
				t.Errorf("kind %q, retry after %v, want %q, %v; error: %v", got, after, r.Want, r.RetryAfter, e)
			}
		})
	}
}

// sameKey repeats a delivery that was interrupted on the way: by the answer to the
// request that carries the key.
func sameKey(t *testing.T, k Kit) {
	var tries atomic.Int64
	s := serve(t, func(w http.ResponseWriter, r *http.Request, _ <-chan struct{}) {
		body, _ := io.ReadAll(r.Body)
		r.Body = readAgain(body)
		if k.Key(r, body) != "" && tries.Add(1) == 1 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		k.Accept(w, r)
	})
	a, d := k.open(t, s.URL), Delivery(1)
	if _, err := perform(t, a, d); err == nil {
		t.Fatal("the first attempt passed")
	}
	d.Attempts++
	if _, err := perform(t, a, d); err != nil {
		t.Fatal(err)
	}
	keys := k.keys(s)
	if len(keys) < 2 {
		t.Fatalf("repeat keys in the requests: %q, want one at each attempt", keys)
	}
	for _, key := range keys {
		if key != d.ID {
			t.Errorf("repeat key %q, want %q", key, d.ID)
		}
	}
}

// unchanged compares a delivery before and after.
func unchanged(t *testing.T, k Kit) {
	s := serve(t, k.accept)
	d := Delivery(1)
	d.Earlier = []analysis.Receipt{{At: d.CreatedAt, Refs: map[string]string{"x": "y"}}}
	dump := func() string {
		b, err := json.Marshal([]any{d, d.Event, d.Event.Notice, d.Earlier})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	before := dump()
	if _, err := perform(t, k.open(t, s.URL), d); err != nil {
		t.Fatal(err)
	}
	if after := dump(); after != before {
		t.Errorf("the delivery was changed\nbefore %s\nafter  %s", before, after)
	}
}
