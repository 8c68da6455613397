package graphite

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/sources/answer"
)

// counting counts the requests on their way to a server.
type counting struct{ n atomic.Int64 }

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.n.Add(1)
	return http.DefaultTransport.RoundTrip(r)
}

// TestRealGraphite reads back what was written to Debian's Graphite.
func TestRealGraphite(t *testing.T) {
	g := startGraphite(t)
	base := time.Now().Add(-30 * time.Minute).Truncate(5 * time.Minute)
	g.send(t, history(base))
	requests := &counting{}
	s := overWith(settings(g.url), requests)
	g.wait(t, "the last sample", func() bool {
		got, err := s.Fetch(t.Context(), realQuery("last.one", base, time.Minute, 1))
		return err == nil && len(got) == 1 && got[0].Values[0] == 1
	})
	t.Run("answers", func(t *testing.T) { realAnswers(t, s, base) })
	t.Run("refusals", func(t *testing.T) { realRefusals(t, s, base) })
	t.Run("wire", func(t *testing.T) { realWire(t, g, base) })
	t.Run("parts", func(t *testing.T) { realParts(t, s, base) })
	t.Run("batch", func(t *testing.T) { realBatch(t, s, requests, base) })
	t.Run("rules", func(t *testing.T) { realRules(t, g, base) })
	t.Run("the newest bucket", func(t *testing.T) { realNewest(t, g, s) })
	t.Run("check and link", func(t *testing.T) { realPages(t, g, s, base) })
}

func realQuery(target string, start time.Time, step time.Duration, n int) analysis.Query {
	return analysis.Query{Text: target, Step: step, Window: analysis.Window{Start: start, End: start.Add(time.Duration(n) * step)}}
}

// history is what is written: samples at odd moments inside of their buckets, from
// before the windows that are read until after them.
func history(base time.Time) []string {
	var lines []string
	at := func(path string, value any, since time.Duration) {
		lines = append(lines, fmt.Sprintf("%s %v %d", path, value, base.Add(since).Unix()))
	}
	for i := -20; i < 20; i++ {
		m := time.Duration(i) * time.Minute
		if i != 3 {
			at("shop.1_4_2.eu.errors", i, m+5*time.Second)
		}
		at("shop.1_4_2.us.errors", 10*i, m+59*time.Second)
		at("hits;region=eu;version=1.4.2", 100+i, m)
		at("hits;region=us;version=1.4.2", 200+i, m)
	}
	for i := -60; i < 60; i++ {
		at("fine.queue", i, time.Duration(i)*10*time.Second)
	}
	for i := -3; i < 4; i++ {
		at("coarse.load", i, time.Duration(i)*5*time.Minute+17*time.Second)
		// Three hours earlier, when fine metrics are kept by five minutes.
		at("fine.queue", 1000+i, time.Duration(i)*5*time.Minute-3*time.Hour)
	}
	for i, value := range []string{"inf", "nan", "-inf", "0", "0.1", "1e-300", "-12345678.000001"} {
		at("odd.numbers", value, time.Duration(i)*time.Minute)
	}
	at("last.one", 1, 0)
	return lines
}

func realAnswers(t *testing.T, s *Source, base time.Time) {
	old := base.Add(-3 * time.Hour)
	for _, c := range []struct {
		name, target string
		start        time.Time
		step         time.Duration
		n            int
		reduce       analysis.Reduce
		want         string
	}{
		{"by the minute", "shop.1_4_2.us.errors", base, time.Minute, 4, "", "target=shop.1_4_2.us.errors [0,10,20,30]"},
		{"one step", "shop.1_4_2.us.errors", base.Add(2 * time.Minute), time.Minute, 1, "", "target=shop.1_4_2.us.errors [20]"},
		{"a gap", "shop.1_4_2.eu.errors", base, time.Minute, 5, "", "target=shop.1_4_2.eu.errors [0,1,2,null,4]"},
		{"nothing", "shop.1_4_3.*.errors", base, time.Minute, 4, "all", ""},
		{"nothing in a function", "sumSeries(shop.1_4_3.*.errors)", base, time.Minute, 4, "", ""},
		{"a name of Quote", "shop." + s.Quote("1.4.2") + ".us.errors", base, time.Minute, 2, "", "target=shop.1_4_2.us.errors [0,10]"},
		{"all of a wildcard", "shop.*.*.errors", base, time.Minute, 2, "all", "target=shop.1_4_2.eu.errors [0,1]\ntarget=shop.1_4_2.us.errors [0,10]"},
		{"sum of a wildcard", "shop.*.*.errors", base, time.Minute, 5, "sum", "[0,11,22,30,44]"},
		{"an alias", "aliasByNode(shop.*.*.errors, 2)", base, time.Minute, 2, "all", "name=shop.1_4_2.eu.errors target=eu [0,1]\nname=shop.1_4_2.us.errors target=us [0,10]"},
		{"a function", "sumSeries(shop.*.*.errors)", base, time.Minute, 2, "", "target=sumSeries(shop.*.*.errors) [0,11]"},
		{"a pipe", "shop.1_4_2.us.errors | scale(2)", base, time.Minute, 2, "", "name=shop.1_4_2.us.errors target=scale(shop.1_4_2.us.errors,2) [0,20]"},
		{"tags", `seriesByTag("name=hits", "version=1.4.2")`, base, time.Minute, 2, "max", "[200,201]"},
		{"all tags", `seriesByTag("name=hits")`, base, time.Minute, 1, "all", "name=hits [100]\nname=hits [200]"},
		{"numbers", "odd.numbers", base, time.Minute, 7, "", `target=odd.numbers ["+Inf",null,"-Inf",0,0.1,1e-300,-12345678.000001]`},

		{"finer than the step", "fine.queue", base, time.Minute, 2, "", "target=fine.queue [2.5,8.5]"},
		{"its own step", "fine.queue", base, 10 * time.Second, 3, "", "target=fine.queue [0,1,2]"},
		{"finer than its step", "fine.queue", base, 5 * time.Second, 4, "", "target=fine.queue [null,0,null,1] of 10s"},
		{"a sum by the minute", `summarize(fine.queue, "1min", "sum")`, base, time.Minute, 2, "", `name=fine.queue target=summarize(fine.queue, "1min", "sum") [15,51]`},
		{"a sum that begins in the middle", `summarize(fine.queue, "1min", "sum")`, base.Add(30 * time.Second), time.Minute, 2, "", `name=fine.queue target=summarize(fine.queue, "1min", "sum") [15,51]`},
		{"coarser than the step", "coarse.load", base, time.Minute, 10, "", "target=coarse.load [null,null,null,null,0,null,null,null,null,1] of 5m"},
		{"the last step of a coarse one", "coarse.load", base.Add(9 * time.Minute), time.Minute, 1, "", "target=coarse.load [1] of 5m"},
		{"no end of a coarse one", "coarse.load", base.Add(6 * time.Minute), time.Minute, 2, "", ""},
		{"an older one", "fine.queue", old, time.Minute, 10, "", "target=fine.queue [null,null,null,null,1000,null,null,null,null,1001] of 5m"},
		{"an older one by its step", "fine.queue", old, 5 * time.Minute, 3, "", "target=fine.queue [1000,1001,1002]"},
		{"between seconds", "shop.1_4_2.us.errors", base.Add(250 * time.Millisecond), time.Minute, 2, "", "target=shop.1_4_2.us.errors [0,10]"},
		{"between minutes", "shop.1_4_2.us.errors", base.Add(20 * time.Second), time.Minute, 2, "", "target=shop.1_4_2.us.errors [0,10]"},
		{"a long query", "sumSeries(" + strings.Repeat("shop.1_4_2.us.errors,", 200) + "shop.1_4_2.us.errors)", base, time.Minute, 2, "sum", "[0,2010]"},
		{"beyond the retention", "shop.1_4_2.us.errors", base.Add(-100 * 24 * time.Hour), time.Minute, 2, "", ""},
	} {
		q := realQuery(c.target, c.start, c.step, c.n)
		q.Reduce = c.reduce
		got, err := s.Fetch(t.Context(), q)
		if err != nil || !sameAnswer(show(t, got), c.want) {
			t.Errorf("%s: %s, error %v, want %s", c.name, show(t, got), err, c.want)
		}
	}
}

// sameAnswer takes a series without a value for none.
func sameAnswer(got, want string) bool {
	return got == want || strings.HasPrefix(got, "[null") && strings.HasPrefix(want, "target=") && strings.HasSuffix(want, got)
}

func realRefusals(t *testing.T, s *Source, base time.Time) {
	for target, want := range map[string]string{
		"nofunc(last.one)":                    "the query was refused: Invalid parameters (Received request for unknown function: nofunc)",
		"scale(last.one)":                     "the query was refused: TypeError: scale() missing 1 required positional argument: 'factor'",
		`summarize(last.one, "zork")`:         "the query was refused: KeyError: 'Invalid offset: zork'",
		`scale(last.one, "foo")`:              "the query was refused: ValueError: could not convert string to float: 'foo'",
		`seriesByTag("version=~.*")`:          "At least one tagspec must not match the empty string",
		"sumSeries(shop.*.*.errors":           "column 10: ( is never closed",
		"last.one)":                           "column 9: ) without (",
		"last.one, last.one":                  "column 9: there is a second target",
		"scale(last.one 2)":                   "the query was not understood",
		"scale(last.one,,2)":                  "the query was not understood",
		"shop..errors":                        "the query was not understood",
		"shop.*.*.errors":                     `2 series, not one; they differ in target: {target="shop.1_4_2.eu.errors"}, {target="shop.1_4_2.us.errors"}`,
		`alias(group(last.one,last.one),"x")`: "two series of the answer are both called x",
	} {
		got, err := s.Fetch(t.Context(), realQuery(target, base, time.Minute, 3))
		if analysis.KindOf(err) != analysis.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, error %v, want an invalid one about %q", target, show(t, got), err, want)
		}
	}
}

// realWire makes sure of what this source counts on: from is exclusive, until inclusive,
// a bucket is labelled by its start, and what does not parse is answered with nothing.
func realWire(t *testing.T, g graphiteServer, base time.Time) {
	for _, c := range []struct {
		target      string
		from, until int64 // after base
		want        string
	}{
		{"shop.1_4_2.us.errors", -1, 119, "[[0,0],[10,60]]"},
		{"shop.1_4_2.us.errors", 0, 120, "[[10,60],[20,120]]"},
		{"shop.1_4_2.us.errors", 59, 60, "[[10,60]]"},
		{"shop.1_4_2.us.errors", 60, 119, "[[20,120]]"}, // one at least
		{"coarse.load", -1, 599, "[[0,0],[1,300]]"},
		{`summarize(fine.queue,"1min","sum")`, 24, 119, "[[12,0],[51,60],[null,120]]"}, // the first of half its samples
		{"sumSeries(shop.*.*.errors", -1, 119, ""},
		{"last.one,shop.1_4_2.us.errors", -1, 59, "[[1,0]]"},
	} {
		resp, err := http.Get(g.url + "/render?" + url.Values{
			"target": {c.target}, "format": {"json"},
			"from": {fmt.Sprint(base.Unix() + c.from)}, "until": {fmt.Sprint(base.Unix() + c.until)},
		}.Encode())
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		var list []struct{ Datapoints [][2]any }
		if err := json.Unmarshal(body, &list); err != nil {
			t.Fatalf("%s: %v: %s", c.target, err, body)
		}
		var lines []string
		for _, s := range list {
			for i := range s.Datapoints {
				s.Datapoints[i][1] = s.Datapoints[i][1].(float64) - float64(base.Unix())
			}
			line, _ := json.Marshal(s.Datapoints)
			lines = append(lines, string(line))
		}
		if got := strings.Join(lines, " "); got != c.want {
			t.Errorf("%s from %d until %d: %s, want %s", c.target, c.from, c.until, got, c.want)
		}
	}
}

// realParts wants a window asked for step by step, as looks do, to give what the whole
// gives at once.
func realParts(t *testing.T, s *Source, base time.Time) {
	for _, target := range []string{"shop.1_4_2.eu.errors", "fine.queue", "coarse.load", `summarize(fine.queue,"2min","max")`, "perSecond(fine.queue)"} {
		whole, err := s.Fetch(t.Context(), realQuery(target, base, time.Minute, 10))
		if err != nil || len(whole) != 1 {
			t.Fatalf("%s: %d series, error %v", target, len(whole), err)
		}
		var parts analysis.Values
		for i := range 10 {
			got, err := s.Fetch(t.Context(), realQuery(target, base.Add(time.Duration(i)*time.Minute), time.Minute, 1))
			if err != nil || len(got) > 1 {
				t.Fatalf("%s: %d series, error %v", target, len(got), err)
			}
			if len(got) == 0 {
				parts = append(parts, analysis.Missing())
			} else {
				parts = append(parts, got[0].Values...)
			}
		}
		a, _ := whole[0].Values.MarshalJSON()
		b, _ := parts.MarshalJSON()
		if string(a) != string(b) {
			t.Errorf("%s: %s at once, %s in parts", target, a, b)
		}
	}
}

// realBatch asks several targets at once: one request, unless one of them needs more.
func realBatch(t *testing.T, s *Source, requests *counting, base time.Time) {
	for _, c := range []struct {
		targets  []string
		requests int64
		want     []string
	}{
		{
			[]string{
				"shop.*.*.errors", "last.one", `seriesByTag("name=hits")`, "shop.1_4_2.us.errors|scale(2)",
				"template(shop.$v.us.errors,v=\"1_4_2\")",
			},
			1,
			[]string{"[0,11]", "[1,null]", "[300,302]", "[0,20]", "[0,10]"},
		},
		{[]string{"last.one", "coarse.load", "last.one"}, 2, []string{"[1,null]", "", "[1,null]"}},
		{[]string{"last.one", "not.there.at.all", "last.one"}, 2, []string{"[1,null]", "", "[1,null]"}},
		{[]string{"last.one", "nofunc(last.one)", "last.one"}, 4, []string{"[1,null]", "unknown function: nofunc", "[1,null]"}},
		{[]string{"last.one", "scale(last.one 2)"}, 2, []string{"[1,null]", "not understood"}},
		{[]string{"last.one", "last.one)"}, 1, []string{"[1,null]", ") without ("}},
	} {
		var qs []analysis.Query
		for _, target := range c.targets {
			q := realQuery(target, base, time.Minute, 2)
			q.Reduce = analysis.ReduceSum
			qs = append(qs, q)
		}
		before := requests.n.Load()
		for i, a := range s.FetchAll(t.Context(), qs) {
			if a.Err != nil && (c.want[i] == "" || !strings.Contains(a.Err.Error(), c.want[i])) || a.Err == nil && !sameAnswer(show(t, a.Series), c.want[i]) {
				t.Errorf("%s: %s, error %v, want %s", c.targets[i], show(t, a.Series), a.Err, c.want[i])
			}
		}
		if n := requests.n.Load() - before; n != c.requests {
			t.Errorf("%q: %d requests, want %d", c.targets, n, c.requests)
		}
	}
}

// realRules tries each rule on six samples a step.
func realRules(t *testing.T, g graphiteServer, base time.Time) {
	for rule, want := range map[answer.Consolidate]string{
		answer.ConsolidateMean: "[2.5,8.5]", answer.ConsolidateSum: "[15,51]", answer.ConsolidateMax: "[5,11]",
		answer.ConsolidateMin: "[0,6]", answer.ConsolidateLast: "[5,11]",
	} {
		c := settings(g.url)
		c.Consolidate = rule
		got, err := overWith(c, http.DefaultTransport).Fetch(t.Context(), realQuery("fine.queue", base, time.Minute, 2))
		if err != nil || show(t, got) != "target=fine.queue "+want {
			t.Errorf("%s: %s, error %v, want %s", rule, show(t, got), err, want)
		}
	}
}

// realNewest asks for a window that ends in a minute which is not over.
func realNewest(t *testing.T, g graphiteServer, s *Source) {
	now := time.Now().Truncate(time.Minute)
	var lines []string
	for i := -3; i <= 0; i++ {
		lines = append(lines, fmt.Sprintf("newest.one %d %d", i, now.Add(time.Duration(i)*time.Minute).Unix()))
	}
	g.send(t, lines)
	start := now.Add(-3 * time.Minute)
	g.wait(t, "the newest sample", func() bool {
		got, err := s.Fetch(t.Context(), realQuery("newest.one", start, time.Minute, 4))
		return err == nil && len(got) == 1 && got[0].Values[3] == 0
	})
	q := realQuery("newest.one", start, time.Minute, 3)
	q.Window.End = q.Window.End.Add(59 * time.Second)
	got, err := s.Fetch(t.Context(), q)
	if err != nil || show(t, got) != "target=newest.one [-3,-2,-1]" {
		t.Errorf("%s, error %v", show(t, got), err)
	}
}

func realPages(t *testing.T, g graphiteServer, s *Source, base time.Time) {
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("check: %v", err)
	}
	c := settings(g.url)
	c.ExternalURL = g.url
	resp, err := http.Get(overWith(c, http.DefaultTransport).Link(realQuery("last.one", base, time.Minute, 3)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	page, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK || !strings.Contains(string(page), "composer?showTarget=last.one") {
		t.Errorf("status %d: %s", resp.StatusCode, page)
	}
}
