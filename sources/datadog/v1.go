package datadog

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/sources/web"
)

// v1 is GET /api/v1/query: metrics only, several queries with commas between them.
type v1 struct{}

func (v1) path() string { return "/api/v1/query" }

// longestV1 is how long the queries of one request may be, escaped: they stand in the
// address, and 8 KiB of it is what servers and proxies are sure to take.
const longestV1 = 6000

func (v1) fits(with []form, f form) bool {
	length := len(url.QueryEscape(f.queries[0].text()))
	for _, other := range with {
		length += len(url.QueryEscape(other.queries[0].text())) + 3
	}
	return len(with) < maxForms && length <= longestV1
}

// onlyMetrics is what this version can be asked.
func onlyMetrics(f form) *analysis.Error {
	if len(f.queries) == 1 && f.formula == f.queries[0].name && f.queries[0].dataSource() == metrics {
		return nil
	}
	return analysis.Errorf(analysis.Invalid, "the first version of the API knows metric queries only").
		WithHint("api: v2")
}

func (v v1) request(forms []form, w analysis.Window, step time.Duration) web.Request {
	texts := make([]string, len(forms))
	for i, f := range forms {
		texts[i] = paced(f.queries[0].text(), step)
	}
	return web.Request{Path: v.path(), Query: url.Values{
		"from":  {strconv.FormatInt(w.Start.Unix(), 10)},
		"to":    {strconv.FormatInt(w.End.Unix(), 10)},
		"query": {strings.Join(texts, ",")},
	}}
}

// answeredV1 is the answer's body.
type answeredV1 struct {
	Status string          `json:"status"`
	Error  string          `json:"error"`
	Errors json.RawMessage `json:"errors"`
	Series []struct {
		TagSet     []string     `json:"tag_set"`
		QueryIndex int          `json:"query_index"`
		Interval   float64      `json:"interval"`  // in seconds
		Points     [][]*float64 `json:"pointlist"` // milliseconds, and a value or null
	} `json:"series"`
}

func (v1) read(s *Source, a web.Answer, forms []form) ([][]series, error) {
	var got answeredV1
	if err := s.web.Decode(a, &got); err != nil {
		return nil, err
	}
	switch words := got.Error + said(got.Errors); {
	case words != "":
		return nil, s.inside(words)
	case got.Status == "":
		return nil, s.web.Strange("its answer is not Datadog's")
	case got.Status != "ok":
		return nil, s.inside("status " + got.Status)
	}
	owner := owners(forms)
	out := make([][]series, len(forms))
	for _, one := range got.Series {
		if one.QueryIndex < 0 || one.QueryIndex >= len(owner) {
			return nil, s.web.Strange("its answer has series that were not asked for")
		}
		points := make([]point, len(one.Points))
		for j, p := range one.Points {
			if len(p) != 2 || p[0] == nil {
				return nil, s.web.Strange("its answer has values without times")
			}
			points[j] = pointOf(*p[0], p[1])
		}
		i := owner[one.QueryIndex]
		out[i] = append(out[i], series{labels: labels(one.TagSet), points: points, every: int64(one.Interval * 1000)})
	}
	return out, nil
}

// owners tells for each query that the server counted which form it came from: a text
// may hold commas of its own.
func owners(forms []form) []int {
	var out []int
	for i, f := range forms {
		depth := 0
		out = append(out, i)
		for _, r := range f.queries[0].text() {
			switch r {
			case '(', '{', '[':
				depth++
			case ')', '}', ']':
				depth--
			case ',':
				if depth == 0 {
					out = append(out, i)
				}
			}
		}
	}
	return out
}
