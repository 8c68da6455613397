package datadog_test

import (
	"testing"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
	"github.com/haldane-dev/haldane/sources/datadog"
	"github.com/haldane-dev/haldane/sources/sourcetest"
	"github.com/haldane-dev/haldane/sources/web"
)

// The keys that the stand-in knows: what sourcetest gives for headers.
const (
	apiKey = "tok/5ecret+en="
	appKey = apiKey + "app"
)

func TestExerciseV2(t *testing.T) { exercise(t, "v2") }

func TestExerciseV1(t *testing.T) { exercise(t, "v1") }

func exercise(t *testing.T, api string) {
	d := standIn{apiKey: apiKey, appKey: appKey}
	sourcetest.Exercise(t, sourcetest.Vendor{
		Open:    func(t testing.TB, s sourcetest.Setup) analysis.Source { return open(t, s, api) },
		Query:   "sum:shop.errors{service:checkout,version:1.4.2} by {pod}.as_count()",
		Answer:  d.answer,
		Refuse:  d.refuse,
		Aligned: true, TokenOnly: true,
		Later:  5e9, // a second, and a part of the 2.4 s between two of 1,520 requests an hour
		Stores: func(name string) string { return stored()[name] },
		Without: map[string]string{
			"NaN and the infinities":       "JSON has no such numbers; Datadog answers null",
			"steps below a second":         "Datadog keeps a value a second; that such steps are refused is in TestRefusedBefore",
			"a step of odd length":         "Datadog keeps a value a second; that such steps are refused is in TestRefusedBefore",
			"warnings":                     "Datadog says nothing about its own answers",
			"a warning instead of samples": "Datadog says nothing about its own answers",
		},
	})
}

// stored is what Datadog's agent makes of the names of the suite, worked out by hand
// from its rules.
func stored() map[string]string {
	return map[string]string{
		"1.4.2":                         "1.4.2",
		"v1.4.2-rc.1+build_7":           "v1.4.2-rc.1_build_7",
		"registry:5000/shop/api@sha256": "registry:5000/shop/api_sha256",
		"":                              "",
		`1"} or vector(0) #`:            "1_or_vector_0",
		"a'b":                           "a_b",
		`back\slash`:                    "back_slash",
		`back\"slash`:                   "back_slash",
		"two\nlines":                    "two_lines",
	}
}

func open(t testing.TB, s sourcetest.Setup, api string) analysis.Source {
	t.Helper()
	c := datadog.New().(*datadog.Config)
	c.URL, c.API = s.URL, api
	c.APIKey, c.AppKey = config.NewSecret(s.Token), config.NewSecret(s.Token+"app")
	c.Timeout = analysis.Duration(s.Timeout)
	c.MaxConcurrent = s.MaxConcurrent
	c.MaxResponse = web.Size(s.MaxResponse)
	c.ExternalURL = s.ExternalURL
	source, err := c.Open(s.Env)
	if err != nil {
		t.Fatal(err)
	}
	return source
}
