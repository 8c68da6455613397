package datadog

import (
	"encoding/json"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/sources/web"
)

// api is a version of Datadog's endpoint for time series.
type api interface {
	path() string
	// fits reports whether a further form may go out together with others.
	fits(with []form, f form) bool
	// request asks for the buckets that begin in a window, its start included and its
	// end not.
	request(forms []form, w analysis.Window, step time.Duration) web.Request
	// read returns what was answered to each form.
	read(s *Source, a web.Answer, forms []form) ([][]series, error)
}

// series is one that the server answered.
type series struct {
	labels map[string]string
	points []point
	every  int64 // how long its buckets are, in milliseconds, when the server says so
}

// point is a bucket: when it begins, in milliseconds, and its value.
type point struct {
	t     int64
	value float64
	null  bool
}

// v2 is POST /api/v2/query/timeseries.
type v2 struct{}

func (v2) path() string { return "/api/v2/query/timeseries" }

// maxForms bounds how many forms go out in one request. Datadog documents no limit; it
// keeps answers within max_response, and one slow query from holding up too many.
const maxForms = 50

func (v2) fits(with []form, _ form) bool { return len(with) < maxForms }

// asking is the request's body, as the API reference has it.
type asking struct {
	Data struct {
		Type       string `json:"type"`
		Attributes struct {
			From     int64            `json:"from"`
			To       int64            `json:"to"`
			Interval int64            `json:"interval"`
			Queries  []map[string]any `json:"queries"`
			Formulas []askedFormula   `json:"formulas"`
		} `json:"attributes"`
	} `json:"data"`
}

type askedFormula struct {
	Formula string `json:"formula"`
}

func (v v2) request(forms []form, w analysis.Window, step time.Duration) web.Request {
	var body asking
	body.Data.Type = "timeseries_request"
	a := &body.Data.Attributes
	a.From, a.To, a.Interval = w.Start.UnixMilli(), w.End.UnixMilli(), step.Milliseconds()
	for _, f := range forms {
		queries, formula := f.renamed(len(a.Queries))
		a.Queries = append(a.Queries, queries...)
		a.Formulas = append(a.Formulas, askedFormula{formula})
	}
	return web.Request{Path: v.path(), JSON: body}
}

// answeredV2 is the answer's body. Errors stand at the top, by the reference, and have
// been seen inside.
type answeredV2 struct {
	Errors json.RawMessage `json:"errors"`
	Data   *struct {
		Errors     json.RawMessage `json:"errors"`
		Type       string          `json:"type"`
		Attributes *struct {
			Errors json.RawMessage `json:"errors"`
			Times  []float64       `json:"times"`  // one axis for all
			Values [][]*float64    `json:"values"` // a row for each series
			Series []struct {
				GroupTags  []string `json:"group_tags"`
				QueryIndex int      `json:"query_index"` // of the formula
			} `json:"series"`
		} `json:"attributes"`
	} `json:"data"`
}

func (v2) read(s *Source, a web.Answer, forms []form) ([][]series, error) {
	var got answeredV2
	if err := s.web.Decode(a, &got); err != nil {
		return nil, err
	}
	words := said(got.Errors)
	if got.Data != nil {
		words += said(got.Data.Errors)
		if got.Data.Attributes != nil {
			words += said(got.Data.Attributes.Errors)
		}
	}
	if words != "" {
		return nil, s.inside(words)
	}
	if got.Data == nil || got.Data.Attributes == nil || got.Data.Type != "timeseries_response" {
		return nil, s.web.Strange("its answer is not Datadog's")
	}
	at := got.Data.Attributes
	if len(at.Series) != len(at.Values) {
		return nil, s.web.Strange("its answer has series without values")
	}
	out := make([][]series, len(forms))
	for i, one := range at.Series {
		if len(at.Values[i]) != len(at.Times) || one.QueryIndex < 0 || one.QueryIndex >= len(forms) {
			return nil, s.web.Strange("its answer has values without times, or series that were not asked for")
		}
		points := make([]point, len(at.Times))
		for j, t := range at.Times {
			points[j] = pointOf(t, at.Values[i][j])
		}
		out[one.QueryIndex] = append(out[one.QueryIndex], series{labels: labels(one.GroupTags), points: points})
	}
	return out, nil
}

func pointOf(t float64, value *float64) point {
	if value == nil {
		return point{t: int64(t), null: true}
	}
	return point{t: int64(t), value: *value}
}
