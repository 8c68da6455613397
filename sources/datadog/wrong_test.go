package datadog

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

// refuses answers 400 to requests that hold a text, and samples to all others.
func refuses(b *book, words func(bad []string) string, bad ...string) wire {
	return func(r *http.Request) (*http.Response, error) {
		var found []string
		var all []answered
		for i, text := range queriesOf(b.note(r)) {
			if slices.Contains(bad, text) {
				found = append(found, text)
			}
			all = append(all, answered{index: i, values: values("1", "2", "3")})
		}
		if found != nil {
			return says(400, written(map[string]any{"errors": []string{words(found)}})), nil
		}
		return says(200, body(apiV2, 0, all...)), nil
	}
}

// TestOneWrongQuery does not take down the others. When the server quotes it that takes
// one more request; when it does not, the batch is halved.
func TestOneWrongQuery(t *testing.T) {
	var qs []analysis.Query
	for i := range 16 {
		qs = append(qs, minutes(3, fmt.Sprintf("avg:a%d{*}", i)))
	}
	for name, tt := range map[string]struct {
		words    func([]string) string
		bad      []string
		requests int
	}{
		"quoted":            {func(bad []string) string { return "Error parsing query: unable to parse " + bad[0] }, []string{"avg:a5{*}"}, 2},
		"quoted, of two":    {func(bad []string) string { return "unable to parse " + bad[0] }, []string{"avg:a5{*}", "avg:a7{*}"}, 3},
		"quoted with space": {func(bad []string) string { return strings.ReplaceAll(bad[0], ":", ": ") }, []string{"avg:a5{*}"}, 2},
		"not quoted":        {func([]string) string { return "Bad Request" }, []string{"avg:a5{*}"}, 9},
		"all of them": {func([]string) string { return "Bad Request" }, func() (all []string) {
			for _, q := range qs {
				all = append(all, q.Text)
			}
			return all
		}(), 31},
	} {
		t.Run(name, func(t *testing.T) {
			var b book
			s := over(t, settings(apiV2), refuses(&b, tt.words, tt.bad...))
			for look := range 2 {
				for i, a := range s.FetchAll(t.Context(), qs) {
					if !slices.Contains(tt.bad, qs[i].Text) {
						wants(t, a.Series, a.Err, "[1,2,3]")
					} else if analysis.KindOf(a.Err) != analysis.Invalid {
						t.Errorf("%s: %v", qs[i].Text, a.Err)
					}
				}
				want := tt.requests
				if look > 0 && len(tt.bad) < len(qs) {
					want++ // they are known, and the others are asked
				}
				if len(b.asked) != want {
					t.Errorf("look %d: %d requests, want %d", look, len(b.asked), want)
				}
			}
		})
	}
}

// TestRefusalsAreForgotten after five minutes: the server may have changed its mind.
func TestRefusalsAreForgotten(t *testing.T) {
	var r refusals
	err := analysis.Errorf(analysis.Invalid, "no")
	r.keep("a", err, noon())
	if r.recall("a", noon().Add(keepRefusals)) == nil || r.recall("a", noon().Add(keepRefusals+1)) != nil || r.recall("b", noon()) != nil {
		t.Error("kept for another time than five minutes")
	}
	for i := range mostRefusals + 1 {
		r.keep(fmt.Sprint(i), err, noon())
	}
	if len(r.kept) > mostRefusals {
		t.Errorf("%d are kept", len(r.kept))
	}
}

// TestOtherErrorsAreOfAll: what is not about a query is said of each, and asked once.
func TestOtherErrorsAreOfAll(t *testing.T) {
	for code, kind := range map[int]analysis.Kind{403: analysis.Denied, 404: analysis.Invalid, 413: analysis.Invalid, 429: analysis.Limited} {
		eachAPI(t, func(t *testing.T, api string) {
			var requests atomic.Int32
			s := over(t, settings(api), func(*http.Request) (*http.Response, error) {
				requests.Add(1)
				return says(code, `{"errors":["no"]}`), nil
			})
			for i, a := range s.FetchAll(t.Context(), []analysis.Query{minutes(3, "avg:a{*}"), minutes(3, "avg:b{*}")}) {
				if analysis.KindOf(a.Err) != kind {
					t.Errorf("%d: answer %d: %v, want %s", code, i, a.Err, kind)
				}
			}
			if requests.Load() != 1 {
				t.Errorf("%d: %d requests, want 1", code, requests.Load())
			}
		})
	}
}
