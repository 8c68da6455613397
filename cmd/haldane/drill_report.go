package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// drillReport is what haldane drill prints: with --format json, its exported fields, once,
// at the end; fields are added, never renamed.
type drillReport struct {
	Plan    string             `json:"plan"`
	Run     string             `json:"run"` // id of the drill's run
	URL     string             `json:"url,omitempty"`
	ForReal bool               `json:"for_real"`
	OK      bool               `json:"ok"`      // every step was done, or could have been
	Seconds float64            `json:"seconds"` // from the verdict until the last step that ended
	Verdict drillStep          `json:"verdict"`
	Steps   []*drillStep       `json:"steps"`
	Rolled  *analysis.Rollback `json:"rollback,omitempty"`

	out   io.Writer // nil: nothing is printed on the way
	json  io.Writer // nil: text
	width int
	known map[string]*drillStep
}

// drillStep is how one step went. Seconds are the daemon's: from when the step was made.
type drillStep struct {
	Step         string                 `json:"step"`
	Action       string                 `json:"action,omitempty"`
	Because      analysis.EventType     `json:"because,omitempty"` // of what it was told
	ChangesWorld bool                   `json:"changes_world,omitempty"`
	State        analysis.DeliveryState `json:"state"`
	OK           bool                   `json:"ok"`
	Seconds      *float64               `json:"seconds,omitempty"` // null while it is open
	Text         string                 `json:"text"`

	said string
}

func newDrillReport(out io.Writer, c drillCommand) *drillReport {
	r := &drillReport{Plan: c.Plan, ForReal: c.ForReal, Steps: []*drillStep{}, known: map[string]*drillStep{}}
	if c.Format == "json" {
		r.json = out
	} else {
		r.out = out
	}
	return r
}

// say prints one line: who, and how it is going.
func (r *drillReport) say(who, text string) {
	if r.out != nil {
		fmt.Fprintf(r.out, "%-*s  %s\n", r.width, who, text)
	}
}

// began prints what kind of drill this is, and its verdict.
func (r *drillReport) began(run analysis.Run, took time.Duration) {
	s := took.Seconds()
	r.Run, r.URL, r.width = run.ID, run.URL, len("verdict")
	r.Verdict = drillStep{Step: "verdict", State: analysis.DeliveryDone, OK: true, Seconds: &s, Text: run.Reason}
	if r.out == nil {
		return
	}
	kind := "nothing is sent, every action is checked"
	if run.ForReal {
		kind = fmt.Sprintf("for real: %s in %s is rolled back from %s to %s", run.Service, run.Environment, run.Version, run.BaselineVersion)
	}
	fmt.Fprintf(r.out, "drill of %s, %s\nrun %s %s\n\n", run.Plan, kind, run.ID, run.URL)
	r.say("verdict", fmt.Sprintf("recorded after %s: %s", shortTime(s), run.Reason))
}

// heard takes in how the steps are going, and prints what is new.
func (r *drillReport) heard(run analysis.Run, made []analysis.Delivery) {
	if run.Rollback.State != analysis.RollbackNone {
		r.Rolled = &run.Rollback
	}
	r.URL = run.URL
	for i := range made {
		r.width = max(r.width, len(made[i].Action))
	}
	for i := range made {
		d := &made[i]
		x, there := r.known[d.ID]
		if !there {
			x = &drillStep{Step: d.Step, Action: d.Action, Because: d.EventType, ChangesWorld: d.ChangesWorld}
			r.known[d.ID], r.Steps = x, append(r.Steps, x)
		}
		x.update(d, r.ForReal)
		if d.EndedAt != nil && run.FinishedAt != nil {
			r.Seconds = max(r.Seconds, d.EndedAt.Sub(*run.FinishedAt).Seconds())
		}
		if line := x.line(d); line != "" && line != x.said {
			r.say(d.Action, line)
			x.said = line
		}
	}
}

// over reports whether every step has ended.
func (r *drillReport) over() bool {
	for _, x := range r.Steps {
		if x.State.Open() {
			return false
		}
	}
	return true
}

// end prints the sum of it, and turns it into an exit status.
func (r *drillReport) end() error {
	r.OK = true
	for _, x := range r.Steps {
		r.OK = r.OK && x.OK
	}
	if r.json != nil {
		enc := json.NewEncoder(r.json)
		enc.SetIndent("", "  ")
		if err := enc.Encode(r); err != nil {
			return err
		}
	} else {
		r.sum()
	}
	if !r.OK {
		return exit(exitFail)
	}
	return nil
}

// sum prints what to take from it.
func (r *drillReport) sum() {
	var bad, waits []*drillStep
	for _, x := range r.Steps {
		switch {
		case x.State.Open():
			waits = append(waits, x)
		case !x.OK:
			bad = append(bad, x)
		}
	}
	fmt.Fprintln(r.out)
	if len(bad)+len(waits) == 0 {
		what := "could be sent; nothing was. To try it to its end: --for-real"
		if r.ForReal {
			what = "done, " + shortTime(r.Seconds) + " after the verdict"
		}
		fmt.Fprintf(r.out, "all %s %s\n", plural(len(r.Steps), "step"), what)
		r.sumRollback()
		return
	}
	fmt.Fprintf(r.out, "%d of %s not well:\n", len(bad)+len(waits), plural(len(r.Steps), "step"))
	for _, x := range append(bad, waits...) {
		fmt.Fprintf(r.out, "  %s: %s\n    %s\n", x.Action, strings.TrimPrefix(x.Text, analysis.DrillMark), x.advice(r.Run))
	}
	r.sumRollback()
}

// sumRollback says what is live now, as far as it is known.
func (r *drillReport) sumRollback() {
	if r.Rolled == nil || !r.ForReal {
		return
	}
	fmt.Fprintf(r.out, "rollback to %s: %s\n", r.Rolled.To, strings.ReplaceAll(string(r.Rolled.State), "_", " "))
	if r.Rolled.State.Underway() {
		fmt.Fprintln(r.out, "this was a drill, no version is bad: deploy again what you want to be live")
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
