package prometheus

import (
	"net/url"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

func TestLink(t *testing.T) {
	at := time.Date(2024, 5, 1, 14, 30, 7, 0, time.FixedZone("CEST", 2*60*60))
	q := analysis.Query{
		Text: `sum(rate(x{v="1&2"}[1m]))`, Step: time.Minute,
		Window: analysis.Window{Start: at.Add(-90 * time.Minute), End: at},
	}
	for external, want := range map[string]string{
		"":                                    "",
		"https://prom.example.com":            "https://prom.example.com/graph",
		"https://prom.example.com/":           "https://prom.example.com/graph",
		"https://ops.example.com/thanos":      "https://ops.example.com/thanos/graph",
		"https://a:b@prom.example.com/?x=1#y": "https://prom.example.com/graph",
	} {
		c := settings("http://prom")
		c.ExternalURL = external
		link, err := url.Parse(overWith(c, nil).Link(q))
		if err != nil {
			t.Fatal(err)
		}
		v := link.Query()
		link.RawQuery = ""
		if link.String() != want {
			t.Errorf("with %q the page is %s, want %s", external, link, want)
		}
		if want == "" {
			continue
		}
		for name, value := range map[string]string{
			"g0.expr": q.Text, "g0.range_input": "1h30m", "g0.end_input": "2024-05-01 12:30:07",
			"g0.moment_input": "2024-05-01 12:30:07", "g0.step_input": "60", "g0.tab": "0",
		} {
			if v.Get(name) != value {
				t.Errorf("%s is %q, want %q", name, v.Get(name), value)
			}
		}
	}
	c := settings("http://prom")
	c.ExternalURL = "https://prom.example.com"
	q.Step = 100 * time.Millisecond
	if link, _ := url.Parse(overWith(c, nil).Link(q)); link.Query().Has("g0.step_input") {
		t.Error("the page knows no steps below a second")
	}
}
