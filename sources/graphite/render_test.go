package graphite

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/sources/answer"
)

// points is an answer of one series.
func points(list string) string {
	return `[{"target":"shop.errors","tags":{"name":"shop.errors"},"datapoints":[` + list + `]}]`
}

// TestNumbers reads what Graphite and what speaks like it write for a number.
func TestNumbers(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "-0.5": "-0.5", "1e9999": `"+Inf"`, "-1e9999": `"-Inf"`, "null": "null",
		`"2.5"`: "2.5", `"nan"`: `"NaN"`, "0.30000000000000004": "0.30000000000000004", "5e-324": "5e-324",
	} {
		list := fmt.Sprintf("[7,1714564740],[%s,1714564800],[8,1714564860]", text)
		got, err := over(always(points(list))).Fetch(t.Context(), minutes(2))
		if w := "target=shop.errors [" + want + ",8]"; err != nil || show(t, got) != w {
			t.Errorf("%s: %s, error %v, want %s", text, show(t, got), err, w)
		}
	}
	got, err := over(always(points(`[7,"1714564740"],[1,"1714564800"],[8,1714564860.0]`))).Fetch(t.Context(), minutes(2))
	if err != nil || show(t, got) != "target=shop.errors [1,8]" {
		t.Errorf("times in other forms: %s, error %v", show(t, got), err)
	}
}

// TestOdd reads answers that no Graphite gives.
func TestOdd(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"a point of one":   {points(`[1]`), "not that of a Graphite API"},
		"a point of three": {points(`[1,2,3]`), "not that of a Graphite API"},
		"a word":           {points(`["a lot",1714564800]`), "not that of a Graphite API"},
		"no time":          {points(`[1,null]`), "not that of a Graphite API"},
		"NaN as time":      {points(`[1,"NaN"]`), "not that of a Graphite API"},
		"a time far away":  {points(`[1,1e300]`), "not that of a Graphite API"},
		"an object":        {points(`{"x":1,"y":2}`), "not that of a Graphite API"},
		"backwards":        {points(`[1,1714564860],[1,1714564800]`), "not in order of time"},
		"twice":            {points(`[1,1714564800],[1,1714564800]`), "not in order of time"},
		"of another time":  {points(`[1,1514564800],[1,1514564860]`), "of another time"},
		"no target":        {`[{"datapoints":[]}]`, "no list of series"},
		"no points":        {`[{"target":"x"}]`, "no list of series"},
		"a null":           {`[null]`, "no list of series"},
		"an error, inside": {`{"error":"no such thing"}`, "not that of a Graphite API"},
	} {
		got, err := over(always(c.body)).Fetch(t.Context(), minutes(2))
		if got != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, error %v, want one about %q", name, got, err, c.want)
		}
	}
	got, err := over(always(points(""))).Fetch(t.Context(), minutes(2))
	if err != nil || len(got) != 0 {
		t.Errorf("a series without points: %v, error %v", got, err)
	}
}

// TestUnevenSums warns of buckets that do not fit into a step.
func TestUnevenSums(t *testing.T) {
	body := points("[9,1714564720],[1,1714564760],[1,1714564800],[1,1714564840],[1,1714564880]")
	c := settings("http://graphite")
	c.Consolidate = answer.ConsolidateSum
	got, err := overWith(c, always(body)).Fetch(t.Context(), minutes(2))
	if want := "target=shop.errors [1,2] (steps of 1m do not hold whole buckets of 40s: some sums have one more than others)"; err != nil || show(t, got) != want {
		t.Errorf("%s, error %v, want %s", show(t, got), err, want)
	}
	got, err = over(always(body)).Fetch(t.Context(), minutes(2))
	if err != nil || show(t, got) != "target=shop.errors [1,1]" {
		t.Errorf("the mean: %s, error %v", show(t, got), err)
	}
}

// buckets answers as whisper does, from buckets of a length without end.
func buckets(length int64, asked *[]int64) wire {
	return func(r *http.Request) (*http.Response, error) {
		var from, until int64
		if _, err := fmt.Sscan(r.URL.Query().Get("from")+" "+r.URL.Query().Get("until"), &from, &until); err != nil {
			return nil, err
		}
		*asked = append(*asked, from)
		var list []string
		first, end := from-from%length+length, until-until%length+length
		for at := first; at < max(end, first+length); at += length {
			list = append(list, fmt.Sprintf("[%d,%d]", at/length%100, at))
		}
		return says(200, "application/json", points(strings.Join(list, ","))), nil
	}
}

// TestReach wants as few requests as it takes to see how long buckets are, and no more
// than one when it is known.
func TestReach(t *testing.T) {
	for length, requests := range map[int64]int{10: 1, 60: 1, 120: 2, 300: 2, 900: 3, 3600: 3, 86400: 5} {
		var asked []int64
		s := over(buckets(length, &asked))
		q := minutes(1)
		q.Window.Start = time.Unix(1714564800-1714564800%86400+86400-60, 0)
		q.Window.End = q.Window.Start.Add(time.Minute)
		for again, want := range []int{requests, 1} {
			asked = nil
			got, err := s.Fetch(t.Context(), q)
			if err != nil || len(got) != 1 || analysis.IsMissing(got[0].Values[0]) {
				t.Fatalf("buckets of %d s: %s, error %v", length, show(t, got), err)
			}
			if rollup := got[0].Rollup.Seconds(); length > 60 && rollup != float64(length) {
				t.Errorf("buckets of %d s: rollup of %v s", length, rollup)
			}
			if len(asked) > want {
				t.Errorf("buckets of %d s, time %d: asked from %v, want %d requests", length, again+1, asked, want)
			}
		}
	}
}

func TestLink(t *testing.T) {
	c := settings("http://graphite:8080")
	c.ExternalURL = "https://graphite.example.com/prefix"
	q := minutes(3)
	q.Text = `alias(a.b, "x&y")`
	q.Window.End = q.Window.End.Add(time.Second)
	want := "https://graphite.example.com/prefix/?from=12%3A00_20240501&target=alias%28a.b%2C+%22x%26y%22%29&tz=UTC&until=12%3A04_20240501"
	if got := overWith(c, nil).Link(q); got != want {
		t.Errorf("link %s, want %s", got, want)
	}
}
