package httpjson

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/sources/answer"
	"github.com/haldane-dev/haldane/sources/web"
)

// posed is a query that makes sense, with its answer to be.
type posed struct {
	analysis.Query
	window  analysis.Window
	request web.Request
	key     string // the same for the same request
	value   expression
	got     *answer.Collector
}

// pose finds what is wrong with a query without asking.
func (s *Source) pose(q analysis.Query) (posed, error) {
	got, err := answer.New(s.web.Who(), q, time.Microsecond)
	if err != nil {
		return posed{}, err
	}
	p := posed{Query: q, window: got.Parts(q.Window.Steps(q.Step))[0], got: got}
	asked, wrong := parse(q.Text)
	if wrong != nil {
		return posed{}, s.web.Named(wrong)
	}
	if p.request, wrong = asked.request(s.config, p.window, q.Step); wrong != nil {
		return posed{}, s.web.Named(wrong)
	}
	text := asked.Value
	if text == "" {
		text = s.config.Value
	}
	if text == "" {
		return posed{}, s.web.Named(analysis.Errorf(analysis.Invalid, "the query says what to ask, but not what to take from the answer").
			WithHint("%s; or a value in the source's settings", form))
	}
	if p.value, wrong = s.values.compile(text); wrong != nil {
		return posed{}, s.web.Named(wrong)
	}
	body, _ := json.Marshal(p.request.JSON)
	p.key = fmt.Sprintf("%q %q %q", p.request.Path, p.request.Query.Encode(), body)
	return p, nil
}

// read takes from an answer what a query wants of it.
func (s *Source) read(ctx context.Context, p posed, f facts) ([]analysis.Series, error) {
	f.Window = span{unixSeconds(p.window.Start), unixSeconds(p.window.End), p.Step.Seconds()}
	result, err := s.run(ctx, p.value, "the expression", f)
	if err != nil {
		return nil, err
	}
	values, wrong := valuesOf(result, s.config.TimeUnit)
	if wrong != nil {
		wrong.Message = s.web.Clean(wrong.Message, 400)
		return nil, s.web.Named(wrong)
	}
	if err := s.warn(ctx, p.got, f); err != nil {
		return nil, err
	}
	for _, one := range s.series(p, values) {
		if err := p.got.Add(one.labels, p.got.Consolidated(one.samples, s.config.Consolidate)); err != nil {
			return nil, err
		}
	}
	return p.got.Series()
}

// series are the values that have the same labels.
type series struct {
	labels  map[string]string
	samples []answer.Sample
}

// series sorts values by their labels. A value without a time belongs to the newest
// step of a window that ends about now; of the past it says nothing.
func (s *Source) series(p posed, values []value) []series {
	byLabels := map[string]*series{}
	for _, v := range values {
		if v.now {
			if age := time.Since(p.window.End); !s.current(p.Step, age) {
				tellLate(p.got, age)
				continue
			}
			v.at = p.window.End
		}
		k := answer.Key(v.labels)
		if byLabels[k] == nil {
			byLabels[k] = &series{labels: v.labels}
		}
		byLabels[k].samples = append(byLabels[k].samples, answer.Sample{At: v.at, Value: v.number, Null: v.null})
	}
	out := make([]series, 0, len(byLabels))
	for _, k := range slices.Sorted(maps.Keys(byLabels)) {
		out = append(out, *byLabels[k])
	}
	return out
}

// current reports whether the newest step of a window that ended so long ago is the one
// that has just settled: it ended less than a step before the delay, give or take the
// time that a request takes.
func (s *Source) current(step, age time.Duration) bool {
	return age > -step && age < step+s.config.Delay.Std()+s.config.Timeout.Std()
}

// tellLate says why a window that ended a little while ago has no number. That one of
// another day has none needs no words.
func tellLate(got *answer.Collector, age time.Duration) {
	if age > 0 && age < 15*time.Minute {
		got.Warn("a number without a time is of now, but the newest step ended " + analysis.Duration(age.Round(time.Second)).String() +
			" ago: the delay must be as long as that of the plan's slowest source")
	}
}

// warn keeps what the API says about its own answer.
func (s *Source) warn(ctx context.Context, got *answer.Collector, f facts) error {
	if s.warned.program == nil {
		return nil
	}
	result, err := s.run(ctx, s.warned, "warning", f)
	if err != nil {
		return err
	}
	list, ok := result.([]any)
	if !ok {
		list = []any{result}
	}
	for _, words := range list {
		if words != nil && words != false {
			got.Warn(s.web.Clean(fmt.Sprint(words), 300))
		}
	}
	return nil
}

// cache keeps compiled expressions: each run asks its own again and again.
type cache struct {
	mu   sync.Mutex
	kept map[string]expression
}

const maxKept = 1000

func (c *cache) compile(text string) (expression, *analysis.Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.kept[text]; ok {
		return e, nil
	}
	e, err := compile(text, true)
	if err != nil {
		return e, err
	}
	if c.kept == nil || len(c.kept) >= maxKept {
		c.kept = map[string]expression{}
	}
	c.kept[text] = e
	return e, nil
}
