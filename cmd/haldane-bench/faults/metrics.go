package faults

import (
	"fmt"
	"hash/fnv"
	"math"
	"net/http"
	"strings"
	"sync"
	"time"
)

// metrics plays a Prometheus that knows every version. A sample at t is about
// (t-step, t], and there is none that is newer than now. Versions are calm until they
// get bad, so that a good one cannot be taken for bad by chance.
type metrics struct {
	token string

	mu      sync.Mutex
	bad     map[string]span // versions that are bad, and when
	refused int             // requests without the token
}

// span is from when until when; a zero end is open.
type span struct{ from, to time.Time }

// covers reports whether all of (a, b] lies in the span.
func (s span) covers(a, b time.Time) bool {
	return !a.Before(s.from) && (s.to.IsZero() || !b.After(s.to))
}

func newMetrics(token string) *metrics { return &metrics{token: token, bad: map[string]span{}} }

// turnsBad says from when on a version is bad.
func (m *metrics) turnsBad(version string, from time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bad[version] = span{from: from}
}

// rolledBack says that a version was taken away: what is left of it is well.
func (m *metrics) rolledBack(version string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.bad[version]; ok && s.to.IsZero() {
		s.to = time.Now()
		m.bad[version] = s
	}
}

func (m *metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+m.token {
		m.mu.Lock()
		m.refused++
		m.mu.Unlock()
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	_ = r.ParseForm()
	query := r.Form.Get("query")
	_, rest, _ := strings.Cut(query, `version="`)
	version, _, _ := strings.Cut(rest, `"`)
	name, _, _ := strings.Cut(query, "{")
	var start, end, step float64
	for name, into := range map[string]*float64{"start": &start, "end": &end, "step": &step} {
		_, _ = fmt.Sscan(r.Form.Get(name), into)
	}
	m.mu.Lock()
	bad := m.bad[version]
	m.mu.Unlock()
	now := float64(time.Now().UnixMilli()) / 1000
	var points []string
	for i := 0; step > 0; i++ {
		t := start + float64(i)*step
		if t > min(end, now)+step/1000 {
			break
		}
		at := seconds(t)
		sick := !bad.from.IsZero() && bad.covers(at.Add(-time.Duration(step*float64(time.Second))), at)
		points = append(points, fmt.Sprintf(`[%.3f,"%g"]`, t, level(name, version, at, sick)))
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[%s]}]}}`, strings.Join(points, ","))
}

func seconds(t float64) time.Time { return time.UnixMilli(int64(math.Round(t * 1000))) }

// level is what a metric of a version shows.
func level(metric, version string, at time.Time, sick bool) float64 {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, metric, version, at.UnixMilli())
	ripple := float64(h.Sum64()%1000) / 1000 // the same whenever it is asked
	switch {
	case metric == "requests":
		return 1000 + math.Floor(20*ripple)
	case metric == "failures" && sick:
		return 500 + math.Floor(20*ripple)
	case metric == "failures":
		return 10 + math.Floor(3*ripple)
	case metric == "latency" && sick:
		return 400 + 5*ripple
	case metric == "latency":
		return 100 + 5*ripple
	case sick:
		return 0.9
	}
	return 0.1
}
