package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"
)

// loadResult is what was measured of one load. Fields are added, never renamed: results
// are kept.
type loadResult struct {
	loadCase
	At       time.Time `json:"at"`
	CPUs     int       `json:"cpus"`
	Every    float64   `json:"every"` // seconds, as all times
	For      float64   `json:"for"`
	WarmUp   float64   `json:"warm_up"`
	CaughtUp bool      `json:"caught_up"` // before the measurement began

	Expected int    `json:"expected"` // looks of runs that went on to the end
	Looked   int    `json:"looked"`
	Missed   int    `json:"missed"`
	Ended    int    `json:"ended"` // runs that did not go on to the end
	Lag      spread `json:"lag"`   // from when a look was due until it began
	Took     spread `json:"took"`  // from there until its verdict

	Looks          int     `json:"looks"` // of all runs, also the bad ones
	CPUPerLook     float64 `json:"cpu_per_look"`
	Cores          float64 `json:"cores"` // that the daemons keep busy
	PromCores      float64 `json:"prometheus_cores"`
	ServerCores    float64 `json:"database_cores"` // of PostgreSQL
	OtherCores     float64 `json:"other_cores"`    // of whoever else is on the machine
	MiB            float64 `json:"mib"`            // the most resident memory of a daemon during the measurement
	MostMiB        float64 `json:"most_mib"`       // and ever, while it caught up too
	IdleMiB        float64 `json:"idle_mib,omitempty"`
	WrittenPerLook float64 `json:"written_per_look"` // bytes to the disk, of daemons and database
	GrowthPerLook  float64 `json:"growth_per_look"`  // bytes of the database
	DatabasePerRun float64 `json:"database_per_run"` // its size by runs, at the end
	QueriesPerLook float64 `json:"queries_per_look"`

	Rollbacks rollbacksSeen `json:"rollbacks"`
	Restart   *restartTimes `json:"restart,omitempty"`
	Stop      float64       `json:"stop"`
}

// spread is how times are distributed, in seconds.
type spread struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

func spreadOf(times []time.Duration) spread {
	if len(times) == 0 {
		return spread{}
	}
	slices.Sort(times)
	at := func(share float64) float64 {
		return times[min(len(times)-1, int(share*float64(len(times))))].Seconds()
	}
	return spread{at(0.5), at(0.9), at(0.99), times[len(times)-1].Seconds()}
}

func (s spread) String() string {
	return fmt.Sprintf("p50 %.3f s, p90 %.3f s, p99 %.3f s, max %.3f s", s.P50, s.P90, s.P99, s.Max)
}

// read fills in what the database and two snapshots say.
func (r *loadResult) read(ctx context.Context, w *loadWorld, from, to time.Time, before, after snapshot) error {
	late, took, err := w.db.looks(ctx, from, to)
	if err != nil {
		return err
	}
	watched, err := w.db.watched(ctx)
	if err != nil {
		return err
	}
	if r.Looks, err = w.db.taken(ctx, from, to); err != nil {
		return err
	}
	// Each run has one due time in every interval.
	r.Expected, r.Looked, r.Ended = watched*int(r.For/r.Every), len(late), r.Runs-watched
	r.Missed = r.Expected - r.Looked
	r.Lag, r.Took = spreadOf(late), spreadOf(took)
	daemons, prom, server := after.daemons.minus(before.daemons), after.prom.minus(before.prom), after.server.minus(before.server)
	r.Cores, r.PromCores, r.ServerCores = daemons.cpu.Seconds()/r.For, prom.cpu.Seconds()/r.For, server.cpu.Seconds()/r.For
	r.OtherCores = (after.machine-before.machine).Seconds()/r.For - r.Cores - r.PromCores - r.ServerCores
	looks := float64(max(1, r.Looks))
	r.CPUPerLook = daemons.cpu.Seconds() / looks
	r.WrittenPerLook = float64(daemons.written+server.written) / looks
	r.GrowthPerLook = float64(after.size-before.size) / looks
	r.DatabasePerRun = float64(after.size) / float64(r.Runs)
	r.QueriesPerLook = float64(after.queries-before.queries) / looks
	return nil
}

// text prints a result for people.
func (r *loadResult) text(out io.Writer) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(out, "%-12s "+format+"\n", append([]any{name}, args...)...)
	}
	line("load", "%d runs of %d metrics, a look every %.0f s, %s, %d replicas, %d CPUs, for %.0f s after %.0f s", r.Runs, r.Metrics, r.Every, r.Database, r.Replicas, r.CPUs, r.For, r.WarmUp)
	if !r.CaughtUp {
		line("", "runs were late when the measurement began: there is too much to do")
	}
	line("lag", "%v", r.Lag)
	line("missed", "%d of %d looks; %d runs ended", r.Missed, r.Expected, r.Ended)
	line("a look", "%.2f ms of CPU, %.1f queries, %.1f KiB written, database grows by %.1f KiB; takes %v", r.CPUPerLook*1000, r.QueriesPerLook, r.WrittenPerLook/1024, r.GrowthPerLook/1024, r.Took)
	line("cores busy", "%.2f daemon, %.2f Prometheus stand-in, %.2f PostgreSQL, %.2f others", r.Cores, r.PromCores, r.ServerCores, r.OtherCores)
	line("memory", "%.0f MiB, %.0f at most while it caught up; idle %.0f", r.MiB, r.MostMiB, r.IdleMiB)
	line("database", "%.1f KiB a run", r.DatabasePerRun/1024)
	b := &r.Rollbacks
	line("rollbacks", "%d of %d arrived, %d twice, %d wrong; from the verdict %v", b.Arrived, b.Asked, b.Twice, b.Wrong, b.Late)
	if r.Restart != nil {
		line("restart", "%v", r.Restart)
	}
	line("stop", "%.2f s", r.Stop)
}
