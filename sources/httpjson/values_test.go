package httpjson

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/sources/answer"
)

// answers is what an API might say; 12:01 and 12:02 are 1714564860 and 1714564920.
const answers = `{
	"n": 7, "zero": 0, "none": null, "text": "12", "nan": "NaN", "yes": true, "empty": [], "nothing": {},
	"points": [{"ts": 1714564860, "v": 1, "region": "eu"}, {"ts": 1714564920, "v": null, "region": "eu"}, {"ts": 1714564980, "v": 3, "region": "us"}],
	"pairs": [[1714564860, 1], [1714564920, 2]],
	"newest_first": [[1714564920, 2], [1714564860, 1]],
	"often": [[1714564830, 1], [1714564860, 3], [1714564861, 5]],
	"ms": [[1714564860000, 1]], "us": [[1714564860000000, 1]], "ns": [[1714564860000000000, 1]], "fraction": [[1714564859.5, 1]],
	"rfc": [["2024-05-01T12:01:00Z", 1], ["2024-05-01T14:02:00.000+02:00", 2]], "digits": [["1714564860", 1]],
	"by_time": {"1714564860": 1, "2024-05-01T12:02:00Z": 2, "1714564980000": null},
	"objects": [{"time": 1714564860, "value": 1, "unit": "s"}, {"time": 1714564920, "value": 2, "labels": {"region": "eu", "n": 1, "b": true, "gone": null}}],
	"series": [{"region": "eu", "points": [[1714564860, 1]]}, {"region": "us", "points": []}],
	"far": [[1714500000, 1]]
}`

func TestResults(t *testing.T) {
	for _, c := range []struct {
		expression string
		reduce     analysis.Reduce
		want       string
	}{
		{"body.pairs", "", "[1,2,null]"},
		{"body.newest_first", "", "[1,2,null]"},
		{"body.often", "", "[2,5,null]"},
		{"body.ms", "", "[1,null,null]"},
		{"body.us", "", "[1,null,null]"},
		{"body.ns", "", "[1,null,null]"},
		{"body.fraction", "", "[1,null,null]"},
		{"body.rfc", "", "[1,2,null]"},
		{"body.digits", "", "[1,null,null]"},
		{"body.by_time", "", "[1,2,null]"},
		{"body.empty", "", ""},
		{"body.nothing", "", ""},
		{"body.far", "", ""},
		{"map(body.points, [.ts, .v])", "", "[1,null,3]"},
		{"map(body.points, [.ts, .v ?? 0])", "", "[1,0,3]"},
		{"map(body.points, [.ts, .v, {\"region\": .region}])", "all", "eu [1,null,null]\nus [null,null,3]"},
		{"map(body.points, {{time: .ts, value: .v, labels: {region: .region}}})", "sum", "[1,null,3]"},
		{"map(body.points, [.ts, .v == nil ? 1 : 0])", "", "[0,1,0]"},
		{"map(filter(body.points, .region == 'us'), [.ts, .v])", "", "[null,null,3]"},
		{"body.objects", "all", "[1,null,null]\neu [null,2,null]"},
		{"map(body.series, let s = #; map(s.points, [#[0], #[1], {\"region\": s.region}]))", "all", "eu [1,null,null]"},
		{"[[1714564860, float(body.text)], [1714564920, float(body.nan)]]", "", `[12,"NaN",null]`},
		{"[[1714564860, 1/0], [1714564920, -1/0], [1714564980, body.zero / 0]]", "", `["+Inf","-Inf","NaN"]`},
		{"[[date('2024-05-01T12:01:00Z'), body.n]]", "", "[7,null,null]"},
		{"[[window.end, 1], [window.end - window.step, 2], [window.start, 3]]", "", "[null,2,1]"},
		{"[[1714564860, status], [1714564920, len(headers['Content-Type'])]]", "", "[200,16,null]"},
		{"[[1714564860, body?.missing], [1714564920, body?.missing ?? 5]]", "", "[null,5,null]"},
		{"body.n", "", ""}, // a number of now, about a window of the past
		{"nil", "", ""},
		{"{value: body.n}", "", ""},
	} {
		q := ask("/x | "+c.expression, 3)
		q.Reduce = c.reduce
		got, err := over(always(answers)).Fetch(t.Context(), q)
		if err != nil || show(t, got) != c.want {
			t.Errorf("%s: %s, error %v, want %s", c.expression, show(t, got), err, c.want)
		}
	}
}

func TestNoResults(t *testing.T) {
	for _, c := range []struct {
		expression string
		kind       analysis.Kind
		want       string
	}{
		{"body.text", analysis.Invalid, `"12" is a text, not a number (try: float(...) around it)`},
		{"body.yes", analysis.Invalid, "true is no number (try: ... ? 1 : 0 after it)"},
		{"[1714564860, 5]", analysis.Invalid, "element 0: the expression gives a number without a time, in a list"},
		{"[[1714564860]]", analysis.Invalid, "element 0: the expression gives a list of 1"},
		{"[[1714564860, 1, {}, 2]]", analysis.Invalid, "a list of 4"},
		{"[[1714564860, [1]]]", analysis.Invalid, "the expression gives a list (try"},
		{"1..3", analysis.Invalid, "the expression gives []int"},
		{"map(body.pairs, [#[1], #[0]])", analysis.Invalid, "1 is a time in the year 1970 (try: time_unit"},
		{"[['noon', 1]]", analysis.Invalid, `"noon" is not a time`},
		{"[['NaN', 1]]", analysis.Invalid, "NaN is not a time"},
		{"[[nil, 1]]", analysis.Invalid, "no time"},
		{"[[true, 1]]", analysis.Invalid, "no time"},
		{"[{time: 1714564860}]", analysis.Invalid, "an object without value"},
		{"body.points[0]", analysis.Invalid, `"region" is not a time`},
		{"[[1714564860, 1, 5]]", analysis.Invalid, "labels that are no object"},
		{"[[1714564860, 1, {a: [1]}]]", analysis.Invalid, `label "a" that is no text`},
		{"map(body.points, [.ts, .v, {\"region\": .region}])", analysis.Invalid, "the answer has 2 series, not one"},
		{"body.text + 1", analysis.Unavailable, "its answer does not fit the expression: column 11: invalid operation: string + int"},
		{"body.m", analysis.Unavailable, "its answer does not fit the expression: column 6: no field m; there are by_time, digits, empty"},
		{"body.points[7].v", analysis.Unavailable, "column 12: index out of range: 7"},
		{"body.nothing.a", analysis.Unavailable, "no field a; it is empty"},
		{"body.none.a", analysis.Unavailable, "cannot fetch a from <nil>"},
		{"map(body.points, .w)", analysis.Unavailable, "no field w; there are region, ts, v"},
		{"float(\"x\" + body.text)", analysis.Unavailable, "does not fit the expression: column 1"},
	} {
		got, err := over(always(answers)).Fetch(t.Context(), ask("/x | "+c.expression, 3))
		if got != nil || analysis.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "source api: ") {
			t.Errorf("%s: %s, error %v, want %s about %q", c.expression, show(t, got), err, c.kind, c.want)
		}
	}
}

func TestTimeUnits(t *testing.T) {
	for unit, list := range map[answer.TimeUnit]string{
		answer.TimeSeconds: "[[1714564860, 1]]", answer.TimeMilliseconds: "[[1714564860000, 1]]",
		answer.TimeMicroseconds: "[[1714564860000000, 1]]", answer.TimeNanoseconds: "[[1714564860000000000, 1]]",
	} {
		for _, u := range []answer.TimeUnit{unit, answer.TimeAuto} {
			c := settings()
			c.TimeUnit = u
			if got, err := overWith(c, always(list)).Fetch(t.Context(), ask("/ | body", 1)); err != nil || show(t, got) != "[1]" {
				t.Errorf("%s as %s: %s, error %v", list, u, show(t, got), err)
			}
		}
	}
	c := settings()
	c.TimeUnit = answer.TimeSeconds
	if _, err := overWith(c, always("[[1714564860000, 1]]")).Fetch(t.Context(), ask("/ | body", 1)); analysis.KindOf(err) != analysis.Invalid {
		t.Errorf("milliseconds as seconds: error %v, want an invalid one", err)
	}
}

// TestNow gives a number without a time to the newest step, and only while that step has
// just settled.
func TestNow(t *testing.T) {
	late := func(ago string) string {
		return "[null,null,null] (a number without a time is of now, but the newest step ended " + ago +
			" ago: the delay must be as long as that of the plan's slowest source)"
	}
	for _, c := range []struct {
		age        time.Duration // of the window
		expression string
		want       string
	}{
		{0, "body.n", "[null,null,7]"},
		{10 * time.Second, "body.n", "[null,null,7]"},
		{10 * time.Second, "body.zero", "[null,null,0]"},
		{10 * time.Second, "{value: body.n, labels: {region: 'eu'}}", "eu [null,null,7]"},
		{10 * time.Second, "[{value: body.n}, {value: 1, time: window.start + 30}]", "[1,null,7]"},
		{10 * time.Second, "body.none", "[null,null,null]"},
		{70 * time.Second, "body.n", "[null,null,7]"},
		{89 * time.Second, "body.n", "[null,null,7]"},
		{90 * time.Second, "body.n", late("1m30s")},
		{3 * time.Minute, "body.n", late("3m")},
		{16 * time.Minute, "body.n", ""},
		{7 * 24 * time.Hour, "body.n", ""},
		{7 * 24 * time.Hour, "body.none", ""},
		{-59 * time.Second, "body.n", "[null,null,7]"},
		{-61 * time.Second, "body.n", ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			end := time.Now().Add(-c.age)
			q := ask("/ | "+c.expression, 3)
			q.Window = analysis.Window{Start: end.Add(-3 * time.Minute), End: end}
			got, err := over(always(answers)).Fetch(t.Context(), q)
			if err != nil || show(t, got) != c.want {
				t.Errorf("%s, %s ago: %s, error %v, want %s", c.expression, c.age, show(t, got), err, c.want)
			}
			if c.expression == "body.none" && len(got) == 1 && got[0].Nulls != 1 {
				t.Errorf("%d nulls, want 1", got[0].Nulls)
			}
		})
	}
}
