package datadog

import (
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// TestLimitReached: a 429 is passed on with the time to come back, nothing is asked
// meanwhile, and who was refused is first afterwards.
func TestLimitReached(t *testing.T) {
	eachAPI(t, func(t *testing.T, api string) {
		var requests atomic.Int32
		s := over(t, settings(api), func(*http.Request) (*http.Response, error) {
			requests.Add(1)
			return says(429, `{"errors":["Rate limit of 1600 requests in 3600 seconds reached. Please try again later."]}`,
				"X-RateLimit-Limit", "1600", "X-RateLimit-Period", "3600", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "90"), nil
		})
		for i := range 3 {
			_, err := s.Fetch(t.Context(), minutes(3, fmt.Sprintf("avg:a%d{*}", i)))
			e := analysis.AsError(err)
			if e == nil || e.Kind != analysis.Limited || e.RetryAfter < 90*time.Second || e.RetryAfter > 110*time.Second {
				t.Fatalf("error %v", err)
			}
			if !containsAll(e.Message, "source dd: its organisation's limit of 1600 requests an hour is used up", "this look waits until") {
				t.Errorf("error %q", e.Message)
			}
		}
		if requests.Load() != 1 {
			t.Errorf("%d requests, want 1: after it the limit is known", requests.Load())
		}
		if b := s.Budgets(); len(b) != 1 || b[0].Remaining != 0 || b[0].Limit != 1600 {
			t.Errorf("budget %+v", b)
		}
		if len(s.budget.queue) != 3 || !slices.Equal(s.budget.queue[0].caller, callerOf([]string{"avg:a0{*}"})) {
			t.Errorf("queue %v", s.budget.queue)
		}
	})
}

// TestNoTriesBeyondTheLimit: a broken answer is asked for again, but not with what is
// not there.
func TestNoTriesBeyondTheLimit(t *testing.T) {
	var requests atomic.Int32
	s := over(t, settings(apiV2), func(*http.Request) (*http.Response, error) {
		requests.Add(1)
		return says(503, "", "X-RateLimit-Limit", "1600", "X-RateLimit-Period", "3600", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "90"), nil
	})
	_, err := s.Fetch(t.Context(), minutes(3, "avg:a{*}"))
	if analysis.KindOf(err) != analysis.Limited || requests.Load() != 1 {
		t.Errorf("error %v after %d requests", err, requests.Load())
	}
}

// TestOneBudget: sections with the same API key share it, over reloads too; others do
// not.
func TestOneBudget(t *testing.T) {
	shared := &config.Shared{}
	opened := func(change func(*Config)) *budget {
		c := settings(apiV2)
		change(c)
		s, err := c.Open(config.Env{Name: "dd", Shared: shared})
		if err != nil {
			t.Fatal(err)
		}
		return s.(*Source).budget
	}
	first := opened(func(*Config) {})
	if opened(func(*Config) {}) != first || opened(func(c *Config) { c.AppKey = config.NewSecret("another") }) != first {
		t.Error("the same organisation has two budgets")
	}
	for name, change := range map[string]func(*Config){
		"key": func(c *Config) { c.APIKey = config.NewSecret("another") }, "site": func(c *Config) { c.Site = "datadoghq.eu" }, "api": func(c *Config) { c.API = apiV1 },
	} {
		if opened(change) == first {
			t.Errorf("another %s has the same budget", name)
		}
	}
}
