package graphite

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/url"
	"strconv"
	"strings"

	"github.com/haldane-dev/haldane/sources/web"
)

// span is a stretch of time in seconds since 1970. As Graphite's from and until,
// buckets labelled from+1 to until are inside.
type span struct{ from, until int64 }

// rendered is one series of an answer.
type rendered struct {
	Target *string           `json:"target"`
	Tags   map[string]string `json:"tags"`
	Points []point           `json:"datapoints"`
}

// point is the value of a bucket, which begins at the moment that it is labelled with.
type point struct {
	value float64
	null  bool
	label int64
}

// UnmarshalJSON implements json.Unmarshaler. Graphite writes the infinities as numbers
// that are too large; some servers write numbers as strings.
func (p *point) UnmarshalJSON(b []byte) error {
	var pair []json.RawMessage
	if err := json.Unmarshal(b, &pair); err != nil {
		return err
	}
	if len(pair) != 2 {
		return errors.New("a datapoint is not a value and a time")
	}
	*p = point{}
	var err error
	if p.null = string(pair[0]) == "null"; !p.null {
		if p.value, err = number(pair[0]); err != nil {
			return err
		}
	}
	label, err := number(pair[1])
	if err != nil || !(label >= 0 && label < latest) {
		return errors.New("a datapoint has no time")
	}
	p.label = int64(math.Floor(label))
	return nil
}

// latest is in the year 2106. The time between two moments before it, doubled, fits into a
// time.Duration: that is how far back samples may be asked for.
const latest = 1 << 32

func number(raw json.RawMessage) (float64, error) {
	v, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
	if errors.Is(err, strconv.ErrRange) {
		err = nil // ±Inf: that is what is meant
	}
	return v, err
}

// render asks for targets over a span, and returns their series, all together.
func (s *Source) render(ctx context.Context, targets []string, asked span) ([]rendered, error) {
	params := url.Values{
		"target": targets,
		"from":   {strconv.FormatInt(asked.from, 10)},
		"until":  {strconv.FormatInt(asked.until, 10)},
		"format": {"json"},
		// What was not there a minute ago may be there now.
		"noCache": {"1"},
	}
	var list []rendered
	err := s.web.Ask(ctx, web.Request{Path: "render", Params: params}, func(a web.Answer) error {
		list = nil
		if err := s.web.Decode(a, &list); err != nil {
			return err
		}
		if list == nil {
			return s.web.Strange("its answer is no list of series")
		}
		for _, r := range list {
			if r.Target == nil || r.Points == nil {
				return s.web.Strange("its answer is no list of series")
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// labels returns the tags of a series, and its name where that says more than they do:
// of series without tags, and of those that were given an alias.
func (r *rendered) labels() map[string]string {
	labels := make(map[string]string, len(r.Tags)+1)
	for name, value := range r.Tags {
		labels[name] = value
	}
	if *r.Target == taggedName(r.Tags) {
		return labels
	}
	if labels["name"] == *r.Target {
		delete(labels, "name")
	}
	labels["target"] = *r.Target
	return labels
}
