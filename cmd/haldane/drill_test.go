package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/haldane-dev/haldane/analysis"
)

const drillToolKey = "tool"

// drillTool is a deploy tool, and whoever is told: it counts what it was sent. Of what it
// takes at /good it says at the second question that it is done, of what it takes at /stuck
// never, and /refused it refuses.
type drillTool struct {
	*httptest.Server
	mu          sync.Mutex
	sent, asked int
}

func newDrillTool() *drillTool {
	t := &drillTool{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /refused", func(w http.ResponseWriter, r *http.Request) {
		t.take(r)
		http.Error(w, "no such application", http.StatusNotFound)
	})
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		t.take(r)
		w.WriteHeader(http.StatusAccepted)
	})
	mux.HandleFunc("GET /good/state", func(w http.ResponseWriter, _ *http.Request) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.asked++
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"state": %q}`, []string{"going", "done"}[min(t.asked-1, 1)])
	})
	mux.HandleFunc("GET /stuck/state", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"state": "going"}`)
	})
	t.Server = httptest.NewServer(mux)
	return t
}

func (t *drillTool) take(r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent++
}

// sent wants that the tool was sent so many requests: sent 0.
func sent(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	tool := ts.Value(drillToolKey).(*drillTool)
	tool.mu.Lock()
	defer tool.mu.Unlock()
	if tool.sent != want {
		ts.Fatalf("the tool was sent %d requests, want %d", tool.sent, want)
	}
}

// heardOf is a report that has heard once of deliveries, and what it printed.
func heardOf(forReal bool, made ...analysis.Delivery) (*drillReport, *bytes.Buffer) {
	var out bytes.Buffer
	r := newDrillReport(&out, drillCommand{Plan: "shop", ForReal: forReal})
	run := analysis.Run{ID: "r1", ForReal: forReal, Rollback: analysis.Rollback{State: analysis.RollbackSending, To: "1"}}
	for i := range made {
		made[i].ID = fmt.Sprint("d", i)
		if made[i].EventType == "" {
			made[i].EventType = analysis.EventRunFailed
		}
	}
	r.heard(run, made)
	return r, &out
}

func TestDrillLines(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	after := func(d time.Duration) *time.Time { t := at.Add(d); return &t }
	for _, c := range []struct {
		d       analysis.Delivery
		forReal bool
		line    string
		ok      bool
		advice  string
	}{
		{analysis.Delivery{State: analysis.DeliveryPending}, true, "", false, "goes on"},
		{analysis.Delivery{State: analysis.DeliveryPending, Attempts: 2, Reason: "undo: refused"}, true, "attempt 2 failed, it is tried again: undo: refused", false, "goes on"},
		{analysis.Delivery{State: analysis.DeliveryHeld, Reason: "ann holds rollbacks: party (hold h)"}, true, "is held: ann holds rollbacks: party (hold h)", false, "release what holds it"},
		{analysis.Delivery{State: analysis.DeliveryHeld, Reason: "awaits approval, 0 of 1"}, true, "is held: awaits approval, 0 of 1", false, "/api/v1/runs/r1/approve"},
		{
			analysis.Delivery{State: analysis.DeliveryFollowing, CreatedAt: at, Receipt: &analysis.Receipt{At: at.Add(400 * time.Millisecond)}},
			true,
			"accepted after 0.40 s, it is followed to its end", false, "goes on",
		},
		{
			analysis.Delivery{State: analysis.DeliveryDone, ChangesWorld: true, CreatedAt: at, EndedAt: after(12 * time.Second), Receipt: &analysis.Receipt{Text: "3 pods", Done: true}},
			true,
			"done after 12.0 s: 3 pods", true, "",
		},
		{
			analysis.Delivery{State: analysis.DeliveryDone, ChangesWorld: true, CreatedAt: at, EndedAt: after(3 * time.Minute), Receipt: &analysis.Receipt{}},
			true,
			"accepted (nobody says whether it is done) after 3m", true, "",
		},
		{analysis.Delivery{State: analysis.DeliveryDone, CreatedAt: at, EndedAt: after(time.Millisecond)}, true, "told after less than 0.01 s", true, ""},
		{
			analysis.Delivery{State: analysis.DeliveryDone, EventType: analysis.EventRollbackUpdated, CreatedAt: at, EndedAt: after(time.Second)},
			true,
			"told of rollback.updated after 1.00 s", true, "",
		},
		{analysis.Delivery{State: analysis.DeliverySkipped, Reason: "drill: would have been sent; checked in 5ms"}, false, "would have been sent; checked in 5ms", true, ""},
		{
			analysis.Delivery{State: analysis.DeliverySkipped, ChangesWorld: true, CreatedAt: at, EndedAt: after(time.Second), Reason: "freeze: xmas"},
			true,
			"not sent after 1.00 s: freeze: xmas", false, "would not be sent now either",
		},
		{
			analysis.Delivery{State: analysis.DeliveryFailed, ChangesWorld: true, CreatedAt: at, EndedAt: after(time.Second), Reason: "drill: undo: 403"},
			false,
			"FAILED after 1.00 s: undo: 403", false, "rolled back by hand",
		},
		{analysis.Delivery{State: analysis.DeliveryFailed, CreatedAt: at, EndedAt: after(time.Second), Reason: "chat: 403"}, true, "FAILED after 1.00 s: chat: 403", false, "nobody would be told"},
	} {
		c.d.Action = "step"
		r, out := heardOf(c.forReal, c.d)
		want := ""
		if c.line != "" {
			want = "step  " + c.line + "\n"
		}
		if out.String() != want || r.Steps[0].OK != c.ok {
			t.Errorf("printed %q, ok %v; want %q, %v", out, r.Steps[0].OK, want, c.ok)
		}
		if got := r.Steps[0].advice("r1"); c.advice != "" && !strings.Contains(got, c.advice) {
			t.Errorf("%s: advice %q, want %q", c.line, got, c.advice)
		}
	}
}

// TestDrillSaysNewsOnce: a step that is asked about again and again has one line for each
// thing that happened, and the sum names what is not well.
func TestDrillSaysNewsOnce(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	d := analysis.Delivery{Action: "undo", ChangesWorld: true, State: analysis.DeliveryFollowing, CreatedAt: at, Receipt: &analysis.Receipt{At: at.Add(time.Second)}}
	r, out := heardOf(true, d)
	run := analysis.Run{ID: "r1", Rollback: analysis.Rollback{State: analysis.RollbackAccepted, To: "1"}}
	for n := range 3 {
		d.ID, d.EventType, d.Reason = "d0", analysis.EventRunFailed, fmt.Sprint(n, " of 5 pods")
		d.Receipt = &analysis.Receipt{At: at.Add(time.Duration(5*n) * time.Second)}
		r.heard(run, []analysis.Delivery{d})
	}
	if out.String() != "undo  accepted after 1.00 s, it is followed to its end\n" || r.over() {
		t.Errorf("printed %q", out)
	}
	if err := r.end(); err != exit(exitFail) || !strings.Contains(out.String(), "1 of 1 step not well:\n  undo: 2 of 5 pods\n") {
		t.Errorf("%v, printed %q", err, out)
	}
}

func TestDrillJSON(t *testing.T) {
	var out bytes.Buffer
	r := newDrillReport(&out, drillCommand{Plan: "shop", Format: "json"})
	r.began(analysis.Run{ID: "r1", Plan: "shop", Reason: "made up"}, time.Second)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	ended := at.Add(1500 * time.Millisecond)
	r.heard(analysis.Run{ID: "r1", FinishedAt: &at}, []analysis.Delivery{{
		ID: "d", Action: "undo", State: analysis.DeliverySkipped, Reason: "drill: would have been sent", CreatedAt: at.Add(time.Second), EndedAt: &ended,
	}})
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	var got drillReport
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || !got.OK || got.Run != "r1" || got.Seconds != 1.5 || got.Verdict.Text != "made up" ||
		len(got.Steps) != 1 || got.Steps[0].Action != "undo" || *got.Steps[0].Seconds != 0.5 {
		t.Errorf("%v: %s", err, &out)
	}
}
