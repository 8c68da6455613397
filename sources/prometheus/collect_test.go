package prometheus

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
	"github.com/haldane-dev/haldane/sources/answer"
)

func TestCollectRefuses(t *testing.T) {
	histograms := []model.SampleHistogramPair{{Timestamp: 1714564860000}}
	values := []model.SamplePair{{Timestamp: 1714564860000, Value: 1}}
	a := &model.SampleStream{Metric: model.Metric{"pod": "a"}, Values: values}
	for name, c := range map[string]struct {
		reduce analysis.Reduce
		m      model.Matrix
		kind   analysis.Kind
		text   string
	}{
		"native histograms": {
			"",
			model.Matrix{{Histograms: histograms}},
			analysis.Invalid,
			"source prom: the answer holds native histograms, not numbers (try: histogram_quantile(",
		},
		"histograms and numbers":  {"sum", model.Matrix{a, {Values: values, Histograms: histograms}}, analysis.Invalid, "native histograms"},
		"nothing where something": {"", model.Matrix{nil}, analysis.Unavailable, "not Prometheus's"},
		"twice":                   {"sum", model.Matrix{a, a}, analysis.Unavailable, "source prom: it answers the same series twice"},
	} {
		q := minutes(3)
		q.Reduce = c.reduce
		got, err := answer.New("source prom", q, time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		err = over(nil).collect(got, c.m)
		if analysis.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: error %v, want %s about %q", name, err, c.kind, c.text)
		}
	}
}

// TestWarnings keeps ten, each once, and infos none.
func TestWarnings(t *testing.T) {
	var list []string
	for i := range 30 {
		list = append(list, fmt.Sprintf(`"store %d is away"`, i/2))
	}
	c := settings("http://prom")
	c.BearerToken = config.NewSecret("sesame-token")
	list[0] = `"token sesame-token is old"`
	s := overWith(c, wire(func(*http.Request) (*http.Response, error) {
		return says(200, `{"status":"success","warnings":[`+strings.Join(list, ",")+`],"infos":["metric might not be a counter"],`+two[len(`{"status":"success",`):]), nil
	}))
	q := minutes(2)
	q.Reduce = analysis.ReduceAll
	got, err := s.Fetch(context.Background(), q)
	if err != nil || len(got) != 1 {
		t.Fatalf("%v, error %v", got, err)
	}
	w := got[0].Warnings
	if len(w) != 10 || w[0] != "token <secret> is old" || w[1] != "store 0 is away" || w[2] != "store 1 is away" {
		t.Errorf("warnings %q", w)
	}
	if !maps.Equal(got[0].Labels, map[string]string{"job": "shop"}) {
		t.Errorf("labels %v", got[0].Labels)
	}
}
