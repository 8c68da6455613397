package datadog

import (
	"net/url"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

// TestLinks: the page of each site, and what it is told.
func TestLinks(t *testing.T) {
	const text = "p99:trace.http.request{service:shop,version:1.4.2} by {region}.rollup(avg, 300)"
	for site, page := range map[string]string{
		"datadoghq.com": "https://app.datadoghq.com/", "datadoghq.eu": "https://app.datadoghq.eu/", "ddog-gov.com": "https://app.ddog-gov.com/",
		"us5.datadoghq.com": "https://us5.datadoghq.com/", "uk1.datadoghq.com": "https://uk1.datadoghq.com/", "us2.ddog-gov.com": "https://us2.ddog-gov.com/",
	} {
		c := settings(apiV2)
		c.Site = site
		link := over(t, c, nil).Link(minutes(30, text))
		u, err := url.Parse(link)
		if err != nil || !strings.HasPrefix(link, page+"metric/explorer?") {
			t.Fatalf("%s: %s", site, link)
		}
		want := url.Values{
			"exp_metric": {"trace.http.request"}, "exp_scope": {"service:shop,version:1.4.2"}, "exp_agg": {"p99"}, "exp_group": {"region"},
			"exp_row_type": {"metric"}, "from_ts": {"1714564800000"}, "to_ts": {"1714566600000"}, "live": {"false"}, "q": {text},
		}
		if u.RawQuery != want.Encode() {
			t.Errorf("%s\ngot  %s\nwant %s", site, u.RawQuery, want.Encode())
		}
	}
	s := over(t, settings(apiV2), nil)
	for text, want := range map[string]string{
		`{"data_source":"logs","search":{"query":"service:shop"},"compute":{"aggregation":"count"}}`: "https://app.datadoghq.com/logs?from_ts=1714564800000&live=false&query=service%3Ashop&to_ts=1714566600000",
		`{data_source: spans, search: {query: "a b"}}`:                                               "https://app.datadoghq.com/apm/traces?end=1714566600000&live=false&query=a+b&start=1714564800000",
		`{data_source: rum}`:            "https://app.datadoghq.com/rum/sessions?from_ts=1714564800000&live=false&query=&to_ts=1714566600000",
		`{data_source: slo, slo_id: x}`: "",
		`{`:                             "",
		"avg:cpu{*}":                    "https://app.datadoghq.com/metric/explorer?exp_agg=avg&exp_metric=cpu&exp_row_type=metric&from_ts=1714564800000&live=false&q=avg%3Acpu%7B%2A%7D&to_ts=1714566600000",
	} {
		if got := s.Link(minutes(30, text)); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}

// TestNoLinks where nobody can know the page, and none with a key.
func TestNoLinks(t *testing.T) {
	c := settings(apiV2)
	c.URL = "http://gateway:8080"
	if got := over(t, c, nil).Link(minutes(3, "avg:cpu{*}")); got != "" {
		t.Errorf("behind a gateway: %s", got)
	}
	c.ExternalURL = "https://dd.example.com/sub"
	if got := over(t, c, nil).Link(minutes(3, "avg:cpu{*}")); !strings.HasPrefix(got, "https://dd.example.com/sub/metric/explorer?") || strings.Contains(got, "key") {
		t.Errorf("external_url: %s", got)
	}
	if _, ok := any(over(t, c, nil)).(analysis.Linker); !ok {
		t.Error("it makes no links")
	}
}
