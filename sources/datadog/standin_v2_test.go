package datadog_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/sources/sourcetest"
)

// requestV2 is what the API knows of the body.
type requestV2 struct {
	Data struct {
		Type       string `json:"type"`
		Attributes struct {
			From     int64            `json:"from"`
			To       int64            `json:"to"`
			Interval int64            `json:"interval"`
			Queries  []map[string]any `json:"queries"`
			Formulas []struct {
				Formula string `json:"formula"`
			} `json:"formulas"`
		} `json:"attributes"`
	} `json:"data"`
}

var name = regexp.MustCompile(`[a-z]\w*`)

// problem finds what the API would not take.
func (b *requestV2) problem(raw []byte) string {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(b); err != nil {
		return err.Error()
	}
	at, names := b.Data.Attributes, map[any]bool{}
	for _, q := range at.Queries {
		if q["data_source"] == nil || names[q["name"]] || name.FindString(fmt.Sprint(q["name"])) != q["name"] {
			return fmt.Sprintf("query %v: bad name or no data_source", q)
		}
		if q["data_source"] == "metrics" && !strings.Contains(fmt.Sprint(q["query"]), "{") {
			return fmt.Sprintf("Error parsing query: %v", q["query"])
		}
		names[q["name"]] = true
	}
	for _, f := range at.Formulas {
		for _, n := range name.FindAllString(f.Formula, -1) {
			if !names[n] && !strings.Contains(f.Formula, n+"(") {
				return "formula names " + n
			}
		}
	}
	year := time.Now().UnixMilli()
	switch {
	case b.Data.Type != "timeseries_request":
		return `API input validation failed: Invalid type. Expected "timeseries_request".`
	case at.From < 1e12 || at.From >= at.To || at.To > 2*year:
		return "from and to are milliseconds, from before to"
	case at.Interval < 1000 || at.Interval%1000 != 0:
		return "bad interval"
	case len(at.Queries) == 0 || len(at.Formulas) == 0:
		return "no queries or no formulas"
	}
	return ""
}

func answerV2(w http.ResponseWriter, r *http.Request, a sourcetest.Answer) {
	var body requestV2
	raw, _ := io.ReadAll(r.Body)
	if problem := body.problem(raw); problem != "" || r.Header.Get("Content-Type") != "application/json" {
		reply(w, 400, map[string]any{"errors": []string{problem}})
		return
	}
	at := body.Data.Attributes
	b := buckets{at.From, at.To, at.Interval}.enlarged()
	axis := map[int64]bool{}
	for i := range a.Series {
		for t := range b.of(&a.Series[i], a.Nulls) {
			axis[t] = true
		}
	}
	times := slices.Sorted(maps.Keys(axis))
	series, values := []map[string]any{}, [][]any{}
	for f := range at.Formulas {
		for i := range a.Series {
			points, row := b.of(&a.Series[i], a.Nulls), make([]any, len(times))
			for j, t := range times {
				row[j] = points[t]
			}
			one := map[string]any{"group_tags": tags(a.Series[i].Labels), "query_index": f, "unit": nil}
			if a.Unknown {
				one["later"] = []int{1}
			}
			series, values = append(series, one), append(values, row)
		}
	}
	attributes := map[string]any{"series": series, "times": append([]int64{}, times...), "values": values}
	out := map[string]any{"data": map[string]any{"id": "0", "type": "timeseries_response", "attributes": attributes}}
	if a.Unknown {
		attributes["later"], out["meta"] = map[string]any{"a": 1}, map[string]any{"trace": "x"}
	}
	reply(w, 200, out)
}
