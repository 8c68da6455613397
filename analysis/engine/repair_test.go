package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/engine"
)

// damage is a state that a crash, a discarded job, a clock or a person with SQL left.
// RUN, OTHER and UNDO stand for ids.
type damage struct {
	when string // how far things had come
	name string
	sql  []string
	want func(g *ground, r analysis.Run) string // what is wrong in the end
}

// How far things had come.
const (
	running  = "running"  // its look is due
	decided  = "decided"  // it failed, nothing was sent yet
	watching = "watching" // it was rolled back
	queued   = "queued"   // another waits for it
)

var damages = []damage{
	{running, "job deleted", []string{`DELETE FROM river_job WHERE kind = 'look'`}, rolledBack},
	{running, "job completed", []string{`UPDATE river_job SET state = 'completed', finalized_at = NOW WHERE kind = 'look'`}, rolledBack},
	{running, "job cancelled", []string{`UPDATE river_job SET state = 'cancelled', finalized_at = NOW WHERE kind = 'look'`}, rolledBack},
	{running, "job discarded", []string{`UPDATE river_job SET state = 'discarded', finalized_at = NOW WHERE kind = 'look'`}, rolledBack},
	{running, "job of River's that never begins", []string{`UPDATE river_job SET state = 'pending' WHERE kind = 'look'`}, rolledBack},
	{running, "job that waits for a leader of River's", []string{`UPDATE river_job SET state = 'retryable', scheduled_at = LONG WHERE kind = 'look'`}, rolledBack},
	{running, "job in a queue that nobody works", []string{`UPDATE river_job SET queue = 'nobody' WHERE kind = 'look'`}, rolledBack},
	{running, "job of another run", []string{`UPDATE river_job SET args = JSON('{"run":"other","look":1}') WHERE kind = 'look'`}, rolledBack},
	{running, "job of another look", []string{`UPDATE river_job SET args = JSON('{"run":"RUN","look":7}') WHERE kind = 'look'`}, rolledBack},
	{running, "job without sense", []string{`UPDATE river_job SET args = JSON('{"run":{},"look":[]}'), state = 'cancelled', finalized_at = NOW WHERE kind = 'look'`}, rolledBack},
	{running, "job put off by a year", []string{`UPDATE river_job SET scheduled_at = YEAR WHERE kind = 'look'`}, rolledBack},
	{running, "look put off by a year", []string{`UPDATE runs SET next_look_at = next_look_at + 31536000000`, `UPDATE river_job SET scheduled_at = YEAR WHERE kind = 'look'`}, func(g *ground, r analysis.Run) string {
		return isNow(analysis.StatusRunning)(g, r) + is(time.Until(r.NextLookAt) <= time.Minute, true)
	}},
	{running, "no job", []string{`UPDATE runs SET job_id = 0`, `DELETE FROM river_job WHERE kind = 'look'`}, rolledBack},
	{running, "no look due", []string{`UPDATE runs SET next_look_at = NULL`, `DELETE FROM river_job WHERE kind = 'look'`}, rolledBack},
	{running, "no look due, with its job", []string{`UPDATE runs SET next_look_at = NULL`}, rolledBack},
	{running, "made to wait for nothing", []string{`UPDATE runs SET status = 'pending'`}, isNow(analysis.StatusRunning)},
	{running, "cancelled by hand", []string{`UPDATE runs SET status = 'cancelled'`}, isNow(analysis.StatusCancelled)},
	{running, "finished by hand", []string{`UPDATE runs SET status = 'finished'`}, isNow(analysis.StatusFinished)},
	{queued, "what it waited for is cancelled by hand", []string{`UPDATE runs SET status = 'cancelled' WHERE id = 'RUN'`}, func(g *ground, _ analysis.Run) string {
		return is(g.run(other(g)).Status, analysis.StatusRunning)
	}},
	{queued, "what it waited for is deleted", []string{
		`DELETE FROM deliveries WHERE run_id = 'RUN'`, `DELETE FROM events WHERE run_id = 'RUN'`, `DELETE FROM looks WHERE run_id = 'RUN'`,
		`DELETE FROM samples WHERE run_id = 'RUN'`, `DELETE FROM noise WHERE run_id = 'RUN'`, `DELETE FROM runs WHERE id = 'RUN'`,
	}, func(g *ground, _ analysis.Run) string { return is(g.run(other(g)).Status, analysis.StatusRunning) }},

	{decided, "jobs deleted", []string{`DELETE FROM river_job WHERE kind = 'deliver'`}, rolledBack},
	{decided, "jobs discarded", []string{`UPDATE river_job SET state = 'discarded', finalized_at = NOW WHERE kind = 'deliver'`}, rolledBack},
	{decided, "no jobs", []string{`UPDATE deliveries SET job_id = 0`, `DELETE FROM river_job WHERE kind = 'deliver'`}, rolledBack},
	{decided, "jobs of another delivery", []string{`UPDATE river_job SET args = JSON('{"delivery":"other"}') WHERE kind = 'deliver'`}, rolledBack},
	{decided, "jobs put off by a year", []string{`UPDATE river_job SET scheduled_at = YEAR WHERE kind = 'deliver'`}, rolledBack},
	{decided, "made by a clock that was a year ahead", []string{
		`UPDATE river_job SET scheduled_at = YEAR WHERE kind = 'deliver'`,
		`UPDATE deliveries SET created_at = created_at + 31536000000, expires_at = expires_at + 31536000000`,
	}, rolledBack},
	{decided, "the one before it is deleted", []string{
		`DELETE FROM river_job WHERE kind = 'deliver'`, `DELETE FROM deliveries WHERE action = 'chat' AND event_type = 'run.started'`,
	}, rolledBack},
	{decided, "the one before it is ended by hand", []string{
		`DELETE FROM river_job WHERE kind = 'deliver'`, `UPDATE deliveries SET state = 'done' WHERE action = 'chat' AND event_type = 'run.started'`,
	}, rolledBack},
	{decided, "two of a thread at one time", []string{`DELETE FROM river_job WHERE kind = 'deliver'`, `UPDATE deliveries SET created_at = 1, job_id = 0`}, rolledBack},
	{decided, "too late, and no job", []string{`DELETE FROM river_job WHERE kind = 'deliver'`, `UPDATE deliveries SET expires_at = 1`}, func(g *ground, r analysis.Run) string {
		return is(r.Rollback.State, analysis.RollbackSkipped) + is(g.page.types(), "delivery.failed")
	}},
	{decided, "held by hand, without a hold", []string{
		`DELETE FROM river_job WHERE kind = 'deliver'`, `UPDATE deliveries SET state = 'held', reason = 'by hand' WHERE id = 'UNDO'`,
	}, rolledBack},
	{decided, "rollback ended by hand", []string{`UPDATE deliveries SET state = 'done' WHERE id = 'UNDO'`}, func(g *ground, r analysis.Run) string {
		return is(r.Rollback.State, analysis.RollbackAccepted)
	}},
	{decided, "rollback deleted", []string{`DELETE FROM deliveries WHERE id = 'UNDO'`}, func(g *ground, r analysis.Run) string {
		return is(r.Rollback.State, analysis.RollbackSkipped) + is(len(g.undo.got), 0)
	}},
	{decided, "all deleted", []string{`DELETE FROM deliveries`}, func(g *ground, r analysis.Run) string {
		return is(r.Rollback.State, analysis.RollbackFailed) + is(g.page.types(), "rollback.updated") + is(len(g.undo.got), 0)
	}},

	{watching, "job deleted", []string{`DELETE FROM river_job WHERE kind = 'look'`}, watched},
	{watching, "no look due", []string{`DELETE FROM river_job WHERE kind = 'look'`, `UPDATE runs SET next_look_at = NULL`}, watched},
	{watching, "nobody knows until when", []string{`UPDATE runs SET verification = '{"state":"watching"}', next_look_at = NULL`}, func(g *ground, r analysis.Run) string {
		return is(r.Verification.State, analysis.VerificationUnknown)
	}},
}

// rolledBack: it failed, and was rolled back once.
func rolledBack(g *ground, r analysis.Run) string {
	wrong := is(r.Status, analysis.StatusFinished) + is(r.Rollback.State, analysis.RollbackAccepted) + is(g.undo.types(), "run.failed")
	if r.Outcome == nil || *r.Outcome != analysis.OutcomeFail {
		wrong += " no failure"
	}
	return wrong
}

// watched: the look that comes is in time.
func watched(g *ground, r analysis.Run) string {
	if r.Verification.State != analysis.VerificationWatching || time.Until(r.NextLookAt) > 5*time.Minute {
		return fmt.Sprintf("%+v, next look %s", r.Verification, r.NextLookAt)
	}
	return rolledBack(g, r)
}

func isNow(status analysis.Status) func(*ground, analysis.Run) string {
	return func(g *ground, r analysis.Run) string {
		wrong := is(r.Status, status) + is(len(g.undo.got), 0)
		if status.Ended() {
			wrong += is(r.FinishedAt != nil, true) + is(r.NextLookAt.IsZero(), true)
		}
		return wrong
	}
}

func is[T comparable](got, want T) string {
	if got == want {
		return ""
	}
	return fmt.Sprintf(" got %v, want %v;", got, want)
}

// other is the run that waits.
func other(g *ground) (id string) {
	if err := g.raw.QueryRow(`SELECT max(id) FROM runs`).Scan(&id); err != nil {
		g.t.Fatal(err)
	}
	return id
}

func TestReconcilerRepairsWhateverIsLeft(t *testing.T) {
	onGround(t, func(g *ground) {
		for i, d := range damages {
			g.t.Run(d.when+"/"+d.name, func(t *testing.T) {
				outer := g.t
				g.t = t
				defer func() { g.t = outer }()
				for _, a := range []*action{g.undo, g.chat, g.page} {
					a.got = nil
				}
				for _, table := range []string{"condemned", "deliveries", "events", "looks", "samples", "noise", "runs", "river_job"} {
					g.sql("DELETE FROM " + table)
				}
				g.suffer(d, fmt.Sprint("v", i))
			})
		}
	})
}

func (g *ground) suffer(d damage, version string) {
	g.t.Helper()
	r := g.start(version)
	if d.when == queued {
		g.start(version + "-next")
	}
	if d.when == decided || d.when == watching {
		g.work("look")
	}
	if d.when == watching {
		g.drain()
	}
	var undo string
	if err := g.raw.QueryRow(`SELECT coalesce(max(id), '') FROM deliveries WHERE action = 'undo'`).Scan(&undo); err != nil {
		g.t.Fatal(err)
	}
	for _, text := range d.sql {
		g.sql(strings.NewReplacer("RUN", r.ID, "UNDO", undo).Replace(text))
	}
	for range 3 { // what ends may let others begin
		g.reconcile()
		g.drain()
	}
	if d.name != "what it waited for is deleted" {
		r = g.run(r.ID)
	}
	if wrong := d.want(g, r); wrong != "" {
		g.t.Error(wrong)
	}
	g.quiet()
}

// TestReconcilerGoesOnBehindWhatItCannotRepair: one row that is broken for good keeps no
// other from being repaired.
func TestReconcilerGoesOnBehindWhatItCannotRepair(t *testing.T) {
	onGround(t, func(g *ground) {
		g.start("2")
		g.work("look")
		if g.postgres {
			g.sql(`ALTER TABLE deliveries DROP CONSTRAINT deliveries_event_id_fkey`)
		}
		g.sql(`DELETE FROM events`, `DELETE FROM river_job`)
		g.setup.Plans["p"].Service = "another"
		next := g.start("3")
		g.sql(`DELETE FROM river_job`)
		if err := g.e.Reconcile(t.Context()); err == nil {
			t.Error("nothing is said of what cannot be repaired")
		}
		g.drain()
		if r := g.run(next.ID); !r.Status.Ended() {
			t.Errorf("the other run is %s", r.Status)
		}
	})
}

func TestJobsOfWhatIsGoneEnd(t *testing.T) {
	onGround(t, func(g *ground) {
		g.start("2")
		g.work("look")
		g.start("3")
		for _, table := range []string{"deliveries", "events", "looks", "samples", "condemned", "noise", "runs"} {
			g.sql("DELETE FROM " + table)
		}
		g.drain() // an error would be a job that is tried again for ever
	})
}

// TestReplicasTickAtOnce: every replica ticks, and each tick starts one run; a schedule
// that a clock or a person moved away comes back.
func TestReplicasTickAtOnce(t *testing.T) {
	onGround(t, func(g *ground) {
		g.setup.Plans["p"].Schedule = &analysis.Schedule{
			Cron: "0 * * * *", TimeZone: "UTC", Version: &analysis.Lookup{Literal: "2"}, BaselineVersion: &analysis.Lookup{Literal: "1"},
		}
		other := engine.New(engine.Options{Store: g.s}, g.setup)
		engines := []*engine.Engine{g.e, other, engine.New(engine.Options{Store: g.s}, g.setup)}
		g.tickAtOnce(engines...)
		for hour := 1; hour <= 3; hour++ {
			g.sql(fmt.Sprintf(`UPDATE schedules SET next_at = %d`, time.Now().Truncate(time.Hour).Add(-time.Duration(hour)*time.Hour).UnixMilli()))
			g.tickAtOnce(engines...)
			g.tickAtOnce(engines...)
			if rs, _, err := g.e.Runs(t.Context(), analysis.RunFilter{}); err != nil || len(rs) != hour {
				t.Errorf("%d runs after %d ticks: %v", len(rs), hour, err)
			}
		}
		g.sql(`UPDATE schedules SET next_at = next_at + 31536000000`)
		g.reconcile()
		ss, err := g.s.Schedules(t.Context())
		if err != nil || len(ss) != 1 || time.Until(ss[0].NextAt) > time.Hour {
			t.Errorf("%+v, %v", ss, err)
		}
	})
}
