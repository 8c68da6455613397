package graphite_test

import (
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
	"github.com/haldane-dev/haldane/sources/graphite"
	"github.com/haldane-dev/haldane/sources/sourcetest"
	"github.com/haldane-dev/haldane/sources/web"
)

const target = `seriesByTag("name=shop.errors", "version=1_4_2")`

func TestExercise(t *testing.T) {
	sourcetest.Exercise(t, sourcetest.Vendor{
		Open:    open,
		Query:   target,
		Answer:  answer,
		Refuse:  refuse,
		Aligned: true,
		Nulls:   true,
		Labels: func(l map[string]string) map[string]string {
			l["name"] = "shop.errors"
			return l
		},
		Without: map[string]string{
			"NaN and the infinities":       "Graphite answers null for NaN; the infinities are in TestNumbers",
			"steps below a second":         "Graphite counts in whole seconds; that such steps are refused is in TestRefusedBefore",
			"a step of odd length":         "Graphite counts in whole seconds; that such steps are refused is in TestRefusedBefore",
			"warnings":                     "Graphite's answers hold series and nothing else",
			"a warning instead of samples": "Graphite's answers hold series and nothing else",
			"an error inside 200":          "Graphite's answers hold series and nothing else",
			"a chatty error inside 200":    "Graphite's answers hold series and nothing else",
		},
	})
}

func open(t testing.TB, s sourcetest.Setup) analysis.Source {
	t.Helper()
	c := graphite.New().(*graphite.Config)
	c.URL = s.URL
	c.BasicAuth = web.BasicAuth{Username: "haldane", Password: config.NewSecret(s.Secret)}
	c.Headers = map[string]config.Secret{"X-Scope-OrgID": config.NewSecret(s.Token)}
	c.Timeout = analysis.Duration(s.Timeout)
	c.MaxConcurrent = s.MaxConcurrent
	c.MaxResponse = web.Size(s.MaxResponse)
	c.ExternalURL = s.ExternalURL
	c.Dots = graphite.DotsKeep
	source, err := c.Open(s.Env)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// series is one of an answer in Graphite's JSON.
type series struct {
	Target     string            `json:"target"`
	Tags       map[string]string `json:"tags"`
	Datapoints [][2]any          `json:"datapoints"`
	Unknown    any               `json:"fromALaterVersion,omitempty"`
}

// answer does what graphite-web does with the targets of these tests. A retention is
// what each series' step is.
func answer(w http.ResponseWriter, r *http.Request, a sourcetest.Answer) {
	if r.URL.Path != "/render" {
		http.NotFound(w, r)
		return
	}
	from, err1 := strconv.ParseInt(r.FormValue("from"), 10, 64)
	until, err2 := strconv.ParseInt(r.FormValue("until"), 10, 64)
	if err1 != nil || err2 != nil || from >= until || r.FormValue("format") != "json" || r.FormValue("maxDataPoints") != "" {
		refuse(w, r, sourcetest.Refusal{Trouble: sourcetest.WrongQuery, Words: fmt.Sprint("bad render ", r.Form)})
		return
	}
	out := []series{}
	for _, t := range r.Form["target"] {
		some, ok := evaluate(t, from, until, a)
		if !ok {
			refuse(w, r, sourcetest.Refusal{Trouble: sourcetest.WrongQuery, Words: "unknown function: " + t})
			return
		}
		out = append(out, some...)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out)
}

// evaluate knows four targets: a line, the series, and both inside two functions.
func evaluate(t string, from, until int64, a sourcetest.Answer) ([]series, bool) {
	var out []series
	if inside, ok := strings.CutPrefix(t, "fallbackSeries("); ok {
		inside, ok = strings.CutSuffix(inside, ",constantLine(0))")
		out, some := evaluate(inside, from, until, a)
		if len(out) == 0 {
			return line("0", from, until), ok && some
		}
		return out, ok && some
	}
	if inside, ok := strings.CutPrefix(t, "aliasSub("); ok {
		cut := strings.LastIndex(inside, `,"^","`)
		if cut < 0 || !strings.HasSuffix(inside, `")`) {
			return nil, false
		}
		out, some := evaluate(inside[:cut], from, until, a)
		for i := range out {
			out[i].Target = inside[cut+6:len(inside)-2] + out[i].Target
		}
		return out, some
	}
	switch t {
	case "constantLine(1)":
		return line("1", from, until), true
	case target:
		for _, s := range a.Series {
			out = append(out, retained(s, from, until, a.Unknown))
		}
		return out, true
	}
	return nil, false
}

// line is a constant, at three moments of the span.
func line(value string, from, until int64) []series {
	v, _ := strconv.ParseFloat(value, 64)
	half := (until - from) / 2
	return []series{{
		Target: value + ".0", Tags: map[string]string{"name": value + ".0"},
		Datapoints: [][2]any{{v, from}, {v, from + half}, {v, from + 2*half}},
	}}
}

// retained is what whisper's fetch makes of a series: the buckets that begin after from,
// up to the one that holds until, and one at least; null where there is nothing.
func retained(s analysis.Series, from, until int64, unknown bool) series {
	b := int64(s.Step / time.Second)
	first, end := from-from%b+b, until-until%b+b
	if first == end {
		end += b
	}
	tags := map[string]string{"name": "shop.errors"}
	maps.Copy(tags, s.Labels)
	out := series{Target: "shop.errors", Tags: tags}
	for _, tag := range slices.Sorted(maps.Keys(s.Labels)) {
		out.Target += ";" + tag + "=" + s.Labels[tag]
	}
	for label := first; label < end; label += b {
		var value any
		if i := (label - s.Start.Unix()) / b; label >= s.Start.Unix() && i < int64(len(s.Values)) && !analysis.IsMissing(s.Values[i]) {
			value = s.Values[i]
		}
		out.Datapoints = append(out.Datapoints, [2]any{value, label})
	}
	if unknown {
		out.Unknown = map[string]any{"step": b}
	}
	return out
}

// refuse answers errors as graphite-web does, and as the proxies before it do.
func refuse(w http.ResponseWriter, _ *http.Request, e sourcetest.Refusal) {
	page := func(code int, body string) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
	switch e.Trouble {
	case sourcetest.WrongQuery:
		page(400, html.EscapeString("Invalid parameters ("+e.Words+`); targets: "`+target+`"`))
	case sourcetest.WrongCredentials:
		w.Header().Set("WWW-Authenticate", "Basic")
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
	case sourcetest.Forbidden:
		page(403, "<html><body><h1>403 Forbidden</h1></body></html>")
	case sourcetest.SlowDown:
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.Wait.Seconds()))))
		http.Error(w, e.Words, http.StatusTooManyRequests)
	case sourcetest.Broken:
		page(500, trace("django.db.utils.OperationalError: database is locked"))
	}
}

// trace is graphite-web's page for an exception.
func trace(exception string) string {
	return `<body style="background-color: #666666; color: black;">
<center>
<h2 style='font-family: "Arial", sans-serif'>
<p>Graphite encountered an unexpected error while handling your request.</p>
<p>Please contact your site administrator if the problem persists.</p>
</h2>
<br/>
<div style="width: 70%; text-align: left; background-color: black; color: #44ff22; border: thin solid gray;">
<pre>
Traceback (most recent call last):
  File &quot;/usr/lib/python3/dist-packages/graphite/render/evaluator.py&quot;, line 128, in evaluateTokens
    return func(requestContext, *args, **kwargs)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
` + html.EscapeString(exception) + `

</pre>
</div>

</center>
`
}
