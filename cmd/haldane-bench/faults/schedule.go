package faults

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// Kind is one way in which things fail.
type Kind string

// The kinds.
const (
	Kill           Kind = "kill"                 // SIGKILL at a random moment
	KillMigrating  Kind = "kill-migrating"       // at the first start, while the tables are made
	KillStarting   Kind = "kill-starting"        // within 300 ms of a start
	KillBefore     Kind = "kill-before-delivery" // when the receiver takes the connection
	KillDuring     Kind = "kill-during-delivery" // when it has read the request
	KillAfter      Kind = "kill-after-delivery"  // when it has answered
	Pause          Kind = "pause"                // SIGSTOP, SIGCONT
	DatabaseCut    Kind = "database-cut"         // of one replica
	DatabaseStall  Kind = "database-stall"       // of one replica
	DatabaseSlow   Kind = "database-slow"        // of one replica
	DatabaseReset  Kind = "database-reset"       // of one replica, in the middle of something
	DatabaseFast   Kind = "postgres-fast-restart"
	DatabaseCrash  Kind = "postgres-crash" // immediate shutdown
	DiskFull       Kind = "disk-full"
	MetricsCut     Kind = "metrics-cut"
	MetricsStall   Kind = "metrics-stall"
	MetricsSlow    Kind = "metrics-slow"
	MetricsReset   Kind = "metrics-reset"
	ReceiverCut    Kind = "receiver-cut"   // of one replica
	ReceiverStall  Kind = "receiver-stall" // of one replica
	ReceiverSlow   Kind = "receiver-slow"  // of one replica
	Receiver500    Kind = "receiver-500"
	Receiver429    Kind = "receiver-429"
	ReceiverHangs  Kind = "receiver-hangs"
	ReceiverResets Kind = "receiver-resets"      // after reading
	ReceiverHalf   Kind = "receiver-half-answer" // 200, then reset
	ClockForward   Kind = "clock-forward"        // of one replica, by an hour
	ClockBack      Kind = "clock-back"
)

// deed is what is known of a kind: how often it is drawn, where it can be, how it is done.
type deed struct {
	kind   Kind
	weight int
	only   string // sqlite, postgres, or "" for both
	do     func(*round, *fault)
}

// deeds are all kinds but those of the first start.
func deeds() []deed {
	return []deed{
		{Kill, 6, "", (*round).kill},
		{KillStarting, 3, "", (*round).killStarting},
		{KillBefore, 4, "", (*round).killBefore},
		{KillDuring, 4, "", (*round).killDuring},
		{KillAfter, 4, "", (*round).killAfter},
		{Pause, 3, "", (*round).pause},
		{DatabaseCut, 2, "postgres", database(weather{cut: true})},
		{DatabaseStall, 2, "postgres", database(weather{stall: true})},
		{DatabaseSlow, 1, "postgres", database(weather{slow: 30 * time.Millisecond})},
		{DatabaseReset, 2, "postgres", database(weather{after: 20_000})},
		{DatabaseFast, 1, "postgres", (*round).restartFast},
		{DatabaseCrash, 1, "postgres", (*round).restartCrashed},
		{DiskFull, 3, "sqlite", (*round).fillDisk},
		{MetricsCut, 1, "", sources(weather{cut: true})},
		{MetricsStall, 1, "", sources(weather{stall: true})},
		{MetricsSlow, 1, "", sources(weather{slow: 100 * time.Millisecond})},
		{MetricsReset, 1, "", sources(weather{after: 5_000})},
		{ReceiverCut, 2, "", hook(weather{cut: true})},
		{ReceiverStall, 2, "", hook(weather{stall: true})},
		{ReceiverSlow, 1, "", hook(weather{slow: 200 * time.Millisecond})},
		{Receiver500, 2, "", receives(failing)},
		{Receiver429, 1, "", receives(limiting)},
		{ReceiverHangs, 2, "", receives(hanging)},
		{ReceiverResets, 2, "", receives(dropping)},
		{ReceiverHalf, 2, "", receives(halving)},
		{ClockForward, 1, "", skewed(clockSkew)},
		{ClockBack, 1, "", skewed(-clockSkew)},
	}
}

// Kinds are all kinds there are, for a flag's help.
func Kinds() []Kind {
	out := []Kind{KillMigrating}
	for _, d := range deeds() {
		out = append(out, d.kind)
	}
	return out
}

// fault is one thing that fails.
type fault struct {
	Kind    Kind
	At      time.Duration // from the beginning of the round
	Lasts   time.Duration
	Replica int
	do      func(*round, *fault)

	mu       sync.Mutex
	From, To time.Time // when it was in force
	Done     bool      // it took place: an aimed one may find no target
}

// was notes that it took place, from a moment until now.
func (f *fault) was(from time.Time, done bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.From, f.To, f.Done = from, time.Now(), done
}

func (f *fault) String() string {
	return fmt.Sprintf("%6.2f s  %-22s replica %d, %s", f.At.Seconds(), f.Kind, f.Replica, f.Lasts.Round(time.Millisecond))
}

// is reports whether a fault's kind begins with one of some words.
func (f *fault) is(words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(string(f.Kind), w) })
}

// schedule draws the faults of a round. A seed leaves out about half of the kinds, so that
// rounds differ; kills are never left out.
func schedule(rng *rand.Rand, o *Options, postgres bool) []*fault {
	where := map[bool]string{true: "postgres", false: "sqlite"}[postgres]
	// Few rounds and short: what is open while a clock is wrong has much to excuse it.
	clocks := len(o.Only) > 0 || rng.IntN(3) == 0
	var urn []deed
	for _, d := range deeds() {
		switch {
		case d.only != "" && d.only != where:
		case len(o.Only) > 0 && !slices.Contains(o.Only, d.kind):
		case strings.HasPrefix(string(d.kind), "clock") && (!o.Clock || !clocks):
		case len(o.Only) == 0 && !strings.HasPrefix(string(d.kind), "kill") && rng.IntN(2) == 0:
		default:
			for range d.weight {
				urn = append(urn, d)
			}
		}
	}
	replicas := 1
	if postgres {
		replicas = o.Replicas
	}
	var out []*fault
	for at := o.Pace.Spacing; at < o.Pace.Faults && len(urn) > 0; at += o.Pace.Spacing/2 + upTo(rng, o.Pace.Spacing) {
		d := urn[rng.IntN(len(urn))]
		most := o.Pace.Outage
		switch d.kind {
		case Pause:
			most = o.Pace.Pause
		case ClockForward, ClockBack:
			most = Short().Outage
		}
		out = append(out, &fault{
			Kind: d.kind, At: at, Lasts: most/4 + upTo(rng, most*3/4+1), Replica: rng.IntN(replicas), do: d.do,
		})
	}
	return out
}

// ahead reports whether a clock is set an hour ahead. What begins then has its samples in
// that hour, and is looked at in that hour: a queue would wait for it, and so would a
// schedule.
func ahead(faults []*fault) bool {
	return slices.ContainsFunc(faults, func(f *fault) bool { return f.Kind == ClockForward })
}
