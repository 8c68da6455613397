package prometheus

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// podsOf answers range queries of the form group by (pod) (x{...}) with those pods of
// x that the test names, and keeps what it was asked.
func podsOf(t *testing.T, pods map[string][]string) (*Source, *[]string) {
	t.Helper()
	var mu sync.Mutex
	var asked []string
	metric := regexp.MustCompile(`^group by \(pod\) \((\w*)`)
	return over(func(r *http.Request) (*http.Response, error) {
		if err := r.ParseForm(); err != nil {
			return nil, err
		}
		query := r.Form.Get("query")
		mu.Lock()
		asked = append(asked, query)
		mu.Unlock()
		m := metric.FindStringSubmatch(query)
		if m == nil {
			return says(http.StatusBadRequest, `{"status":"error","errorType":"bad_data","error":"parse error"}`), nil
		}
		var series []string
		for _, pod := range pods[m[1]] {
			labels := `{"pod":"` + strings.ReplaceAll(pod, `\`, `\\`) + `"}`
			if pod == "" {
				labels = `{}`
			}
			series = append(series, `{"metric":`+labels+`,"values":[[`+r.Form.Get("start")+`,"1"]]}`)
		}
		return says(http.StatusOK, `{"status":"success","data":{"resultType":"matrix","result":[`+strings.Join(series, ",")+`]}}`), nil
	}), &asked
}

func TestSplit(t *testing.T) {
	pods := map[string][]string{
		"x": {"b", "d", "a", "c"}, "y": {"c"}, "three": {"c", "a", "b"}, "one": {"a"}, "odd": {"a.1", `b|2`},
		"bare": {""}, "mixed": {"", "a", "b"},
	}
	for query, want := range map[string]string{
		`x`:                          `x{pod=~"a|c"}`,
		`sum(x)`:                     `sum(x{pod=~"a|c"})`,
		`x{pod!="e"}`:                `x{pod!="e",pod=~"a|c"}`,
		`{__name__="x",code=~"5.."}`: `x{code=~"5..",pod=~"a|c"}`,
		`sum by (le) (rate(x{a="b"}[5m] offset 1h))`:          `sum(rate(x{a="b",pod=~"a|c"}[5m] offset 1h)) by(le)`,
		`max_over_time(rate(x[1m])[5m:30s])`:                  `max_over_time(rate(x{pod=~"a|c"}[1m])[5m:30s])`,
		`-x ^ 2`:                                              `0 - (x{pod=~"a|c"} ^ 2)`,
		`100 * (1 - sum(x{code="2"}) / sum(x))`:               `100 * (1 - (sum(x{code="2",pod=~"a|c"}) / sum(x{pod=~"a|c"})))`,
		`x / on (pod) group_left (v) y`:                       `x{pod=~"a|c"} / on(pod) group_left(v) y{pod=~"a|c"}`,
		`x or vector(0)`:                                      `x{pod=~"a|c"} or vector(0)`,
		`histogram_quantile(0.99, sum by (le) (rate(x[1m])))`: `histogram_quantile(0.99, sum(rate(x{pod=~"a|c"}[1m])) by(le))`,
		`sum(three)`:                                          `sum(three{pod=~"a"})`, // c is in neither half
		`odd`:                                                 `odd{pod=~"a\\.1"}`,
		`mixed`:                                               `mixed{pod=~"a"}`,
	} {
		s, _ := podsOf(t, pods)
		q := minutes(3)
		q.Text = query
		got := s.Split(t.Context(), []analysis.Query{q}, "pod")[0]
		if got.Err != nil || got.A != want {
			t.Errorf("%s: %s, error %v; want %s", query, got.A, got.Err, want)
		}
		if got.B == got.A || got.Replicas < 1 {
			t.Errorf("%s: %d replicas in each half, the other is %s", query, got.Replicas, got.B)
		}
	}
	for query, want := range map[string]struct {
		kind analysis.Kind
		text string
	}{
		`sum(x`:          {analysis.Invalid, "the query cannot be split: it is not understood (try: adjacent windows"},
		`vector(1)`:      {analysis.Invalid, "the query cannot be split: it selects no series"},
		`{"x.y", a="b"}`: {analysis.Invalid, "the query cannot be split: it has names in quotes"},
		`x{"a.b"="c"}`:   {analysis.Invalid, "the query cannot be split: it has names in quotes"},
		`bare`:           {analysis.Invalid, "the series of the query have no label pod"},
		`one`:            {analysis.NoData, "fewer than two replicas by pod"},
		`nothing`:        {analysis.NoData, "fewer than two replicas by pod"},
	} {
		s, _ := podsOf(t, pods)
		q := minutes(3)
		q.Text = query
		got := s.Split(t.Context(), []analysis.Query{q}, "pod")[0]
		if analysis.KindOf(got.Err) != want.kind || !strings.Contains(got.Err.Error(), want.text) || got.A != "" {
			t.Errorf("%s: %q, error %v; want %s about %q", query, got.A, got.Err, want.kind, want.text)
		}
	}
}

// TestSplitsAlike: all queries are split into the same halves, also those of which only
// some replicas have series; each selector is asked for once; one that fails is alone.
func TestSplitsAlike(t *testing.T) {
	s, asked := podsOf(t, map[string][]string{"total": {"a", "b", "c", "d"}, "bad": {"d", "b"}})
	var qs []analysis.Query
	for _, text := range []string{`sum(bad)`, `sum(total)`, `bad / total`, `sum(`, `total offset 5m`} {
		q := minutes(3)
		q.Text = text
		qs = append(qs, q)
	}
	got := s.Split(t.Context(), qs, "pod")
	for i, want := range [][2]string{
		{`sum(bad{pod=~"a|c"})`, `sum(bad{pod=~"b|d"})`},
		{`sum(total{pod=~"a|c"})`, `sum(total{pod=~"b|d"})`},
		{`bad{pod=~"a|c"} / total{pod=~"a|c"}`, `bad{pod=~"b|d"} / total{pod=~"b|d"}`},
		{},
		{`total{pod=~"a|c"} offset 5m`, `total{pod=~"b|d"} offset 5m`},
	} {
		if (got[i].Err != nil) != (want[0] == "") || got[i].A != want[0] || got[i].B != want[1] {
			t.Errorf("%s: %+v", qs[i].Text, got[i])
		}
	}
	slices.Sort(*asked)
	if want := []string{"group by (pod) (bad)", "group by (pod) (total)"}; !slices.Equal(*asked, want) {
		t.Errorf("asked %q", *asked)
	}
	for _, label := range []string{"", "a b", `a"}`, "a:b", "0"} {
		if h := s.Split(t.Context(), qs[:1], label)[0]; analysis.KindOf(h.Err) != analysis.Invalid {
			t.Errorf("label %q: %+v", label, h)
		}
	}
	if len(*asked) != 2 {
		t.Errorf("asked %q", *asked)
	}
}

// TestSplitOfASickServer: its error is that of the queries behind it.
func TestSplitOfASickServer(t *testing.T) {
	s := over(func(*http.Request) (*http.Response, error) {
		return says(http.StatusTooManyRequests, "slow down", "Retry-After", "3600"), nil
	})
	h := s.Split(t.Context(), []analysis.Query{minutes(3)}, "pod")[0]
	if e := analysis.AsError(h.Err); e.Kind != analysis.Limited || e.RetryAfter != time.Hour {
		t.Errorf("error %+v", e)
	}
}

// TestRealSplit asks a real server: a query that was split into all of its replicas
// answers what it did before, and halves answer what their replicas do.
func TestRealSplit(t *testing.T) {
	s := opened(t, settings(real(t)))
	now := time.Now().Truncate(time.Second)
	window := analysis.Window{Start: now.Add(-3 * time.Second), End: now}
	fetch := func(query string) []analysis.Series {
		t.Helper()
		got, err := s.Fetch(t.Context(), analysis.Query{Text: query, Window: window, Step: time.Second, Reduce: analysis.ReduceAll})
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return got
	}
	for _, query := range []string{
		`sum(rate(http_requests_total{version="1",code="500"}[10s])) / sum(rate(http_requests_total[10s]))`,
		`histogram_quantile(0.5, sum by (le) (rate(http_request_duration_seconds_bucket[10s])))`,
		`-http_requests_total ^ 2`, `2 ^ -http_requests_total`, `http_requests_total % 7 - -3`,
		`max_over_time(sum(rate(http_requests_total[2s]))[4s:1s])`,
		`sum without (code) (http_requests_total offset 1s) > bool 2`,
		`http_requests_total{code="500"} or on (version) http_requests_total unless http_requests_total{version="2"}`,
		`http_requests_total * on (version, code) group_left () http_requests_total`,
		`100 - 50 - http_requests_total`, `2 ^ 3 ^ http_requests_total * 0`, `topk(1, http_requests_total)`,
		`label_replace(http_requests_total, "a", "$1-x", "version", "(.)")`, `count_values("n", http_requests_total)`,
		`avg_over_time(http_requests_total{code=~"2.."}[3s] @ end())`, `absent(http_requests_total{code="404"})`,
	} {
		p, err := s.parse(query, "job")
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		same, want := fetch(p.narrowed("job", []string{"shop"})), fetch(query)
		if strings.HasPrefix(query, "absent") {
			for i := range same { // it answers the matchers of its argument
				delete(same[i].Labels, "job")
			}
		}
		if len(same) != len(want) || len(want) == 0 {
			t.Errorf("%s: %d series, want %d", query, len(same), len(want))
			continue
		}
		for i := range want {
			if !near(same[i].Values, want[i].Values...) {
				t.Errorf("%s: %v, want %v", query, same[i], want[i])
			}
		}
	}

	q := analysis.Query{Text: `sum(http_requests_total)`, Window: window, Step: time.Second}
	h := s.Split(t.Context(), []analysis.Query{q}, "version")[0]
	if h.Err != nil || h.Replicas != 1 {
		t.Fatalf("%+v", h)
	}
	for version, half := range map[string]string{"1": h.A, "2": h.B} {
		got, want := fetch(half), fetch(`sum(http_requests_total{version="`+version+`"})`)
		if len(got) != 1 || !near(got[0].Values, want[0].Values...) {
			t.Errorf("%s: %v, want %v", half, got, want)
		}
	}
	if e := s.Split(t.Context(), []analysis.Query{q}, "pod")[0].Err; analysis.KindOf(e) != analysis.Invalid || !strings.Contains(e.Error(), "no label pod") {
		t.Errorf("error %v", e)
	}
}
