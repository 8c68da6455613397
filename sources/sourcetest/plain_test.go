package sourcetest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// The plain vendor is made up for testing the suite: a small protocol that can say
// all that some vendor can say, a source for it that does everything right, and
// bugs that can be switched on one by one.

type plainAnswer struct {
	OK       *bool         `json:"ok"`
	Error    string        `json:"error,omitempty"`
	Warnings []string      `json:"warnings,omitempty"`
	Series   []plainSeries `json:"series"`
}

type plainSeries struct {
	Labels map[string]string `json:"labels"`
	Points []plainPoint      `json:"points"`
}

type plainPoint struct {
	At    int64            `json:"at"` // end of the step, unix ms
	Value *analysis.Number `json:"value"`
}

// plainVendor makes the vendor whose source has a bug; "" is none.
func plainVendor(bug string) Vendor {
	return Vendor{
		Open: func(_ testing.TB, s Setup) analysis.Source {
			p := &plainSource{setup: s, bug: bug, slots: make(chan struct{}, s.MaxConcurrent)}
			p.client = &http.Client{}
			if bug != "follows redirects" {
				p.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			}
			return p
		},
		Query:  `shop.errors{version:"1"}`,
		Answer: plainServer,
		Refuse: plainRefusal,
	}
}

func plainServer(w http.ResponseWriter, r *http.Request, a Answer) {
	from, _ := strconv.ParseInt(r.FormValue("from"), 10, 64)
	to, _ := strconv.ParseInt(r.FormValue("to"), 10, 64)
	_ = json.NewEncoder(w).Encode(plainPart(a, from, to))
}

// plainPart is an answer in the plain vendor's form, for (from, to].
func plainPart(a Answer, from, to int64) plainAnswer {
	yes := true
	out := plainAnswer{OK: &yes, Warnings: a.Warnings}
	for _, s := range a.Series {
		ps := plainSeries{Labels: s.Labels}
		for i, v := range s.Values {
			p := plainPoint{At: s.Start.Add(time.Duration(i+1) * s.Step).UnixMilli(), Value: analysis.Number(v).Ptr()}
			if p.At <= from || p.At > to {
				continue
			}
			if analysis.IsMissing(v) {
				p.Value = nil
			}
			if p.Value != nil || a.Nulls {
				ps.Points = append(ps.Points, p)
			}
		}
		out.Series = append(out.Series, ps)
	}
	return out
}

func plainRefusal(w http.ResponseWriter, _ *http.Request, e Refusal) {
	code := map[Trouble]int{WrongQuery: 400, WrongCredentials: 401, Forbidden: 403, SlowDown: 429, Broken: 500, InsideOK: 200}[e.Trouble]
	if e.Wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(e.Wait.Seconds())))
	}
	no := false
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(plainAnswer{OK: &no, Error: e.Words})
}
