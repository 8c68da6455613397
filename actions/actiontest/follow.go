package actiontest

import (
	"maps"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// Following is how the other side tells what becomes of what it has accepted.
type Following struct {
	Going  http.HandlerFunc // not yet
	Done   http.HandlerFunc
	Failed http.HandlerFunc // finally
	// Replies are further answers. Want "" means that it is not an error; whether it is
	// done does not matter.
	Replies []Reply
}

// followCases are run for actions that are followed.
func followCases() []exercise {
	return []exercise{
		{"followed to the end", followed},
		{"followed: it failed", followedFailure},
		{"followed: statuses", followedStatuses},
		{"followed: replies", followedReplies},
		{"followed: nonsense", followedNonsense},
		{"followed: endless answer", followedEndless},
		{"followed: redirects are not followed", followedRedirects},
		{"followed: cancelled", followedCancelled},
		{"followed: slow server", followedSlow},
		{"followed: nobody listens", followedNobody},
		{"followed: no secret gets out", followedSecrets},
	}
}

// journey is an action whose delivery was accepted, and a server whose answers to what
// comes then can be chosen.
type journey struct {
	*stub

	a       analysis.Action
	f       analysis.Follower
	d       analysis.Delivery
	receipt analysis.Receipt
	answer  atomic.Pointer[http.HandlerFunc]
}

// depart performs a delivery.
func (k Kit) depart(t *testing.T, change ...func(*Setup)) *journey {
	t.Helper()
	j := &journey{d: Delivery(1)}
	j.says(k.Accept)
	j.stub = serve(t, func(w http.ResponseWriter, r *http.Request, _ <-chan struct{}) { (*j.answer.Load())(w, r) })
	j.a = k.open(t, j.URL, change...)
	f, ok := j.a.(analysis.Follower)
	if !ok {
		t.Fatal("the action cannot be followed")
	}
	j.f = f
	receipt, err := perform(t, j.a, j.d)
	if err != nil {
		t.Fatal(err)
	}
	if receipt.Done {
		t.Fatal("what was accepted is taken for done")
	}
	j.receipt = receipt
	return j
}

func (j *journey) says(h http.HandlerFunc) { j.answer.Store(&h) }

// follow asks once, and keeps the receipt as the engine does.
func (j *journey) follow(t *testing.T) *analysis.Error {
	t.Helper()
	before := maps.Clone(j.receipt.Refs)
	r, err := j.f.Follow(t.Context(), j.d, j.receipt)
	if !maps.Equal(before, j.receipt.Refs) {
		t.Errorf("the receipt was changed: %v, then %v", before, j.receipt.Refs)
	}
	if err == nil {
		j.receipt = r
		return nil
	}
	e, ok := err.(*analysis.Error)
	if !ok {
		t.Fatalf("error is a %T, not an *analysis.Error: %v", err, err)
	}
	return e
}

func followed(t *testing.T, k Kit) {
	j := k.depart(t)
	performed := len(k.keys(j.stub))
	j.says(k.Following.Going)
	for range 2 {
		if err := j.follow(t); err != nil || j.receipt.Done {
			t.Fatalf("still going: done %v, error %v", j.receipt.Done, err)
		}
	}
	j.says(k.Following.Done)
	for i := 0; !j.receipt.Done; i++ { // some ask one thing after the other
		if err := j.follow(t); err != nil || i > 3 {
			t.Fatalf("done: error %v, receipt %+v", err, j.receipt)
		}
	}
	if time.Since(j.receipt.At) > time.Minute || j.receipt.Text == "" {
		t.Errorf("the last receipt is %+v", j.receipt)
	}
	if n := len(k.keys(j.stub)); n != performed {
		t.Errorf("following performed again: %d requests carry a repeat key, %d before", n, performed)
	}
}

func followedFailure(t *testing.T, k Kit) {
	j := k.depart(t)
	j.says(k.Following.Failed)
	var err *analysis.Error
	for i := 0; err == nil && i < 4; i++ {
		err = j.follow(t)
	}
	if err == nil || Again(err.Kind) {
		t.Errorf("it failed: error %v, want a final one", err)
	}
}

// followedStatuses is the same table as for performing.
func followedStatuses(t *testing.T, k Kit) {
	j := k.depart(t)
	for code, again := range map[int]bool{
		408: true, 425: true, 429: true, 500: true, 502: true, 503: true, 504: true,
		400: false, 401: false, 403: false, 404: false, 410: false, 422: false,
	} {
		j.says(func(w http.ResponseWriter, _ *http.Request) {
			if code == 429 {
				w.Header().Set("Retry-After", "7")
			}
			w.WriteHeader(code)
		})
		err := j.follow(t)
		if err == nil || Again(err.Kind) != again {
			t.Errorf("HTTP %d: error %v, want again = %v", code, err, again)
		}
		if err != nil && code == 429 && err.RetryAfter != 7*time.Second {
			t.Errorf("HTTP 429 with Retry-After 7: %v does not say how long", err)
		}
	}
}

func followedReplies(t *testing.T, k Kit) {
	for _, r := range k.Following.Replies {
		t.Run(r.Name, func(t *testing.T) {
			j := k.depart(t)
			j.says(r.Answer)
			if err := j.follow(t); analysis.KindOf(orNil(err)) != r.Want {
				t.Errorf("error %v, want %q", err, r.Want)
			}
		})
	}
}

func orNil(e *analysis.Error) error {
	if e == nil {
		return nil
	}
	return e
}
