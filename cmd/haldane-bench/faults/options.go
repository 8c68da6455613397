package faults

import (
	"io"
	"time"
)

// Options say what a series of rounds is like.
type Options struct {
	Seed     uint64 // of the first round; the others count up from it
	Rounds   int
	For      time.Duration // begin no round later than this; 0: no limit
	Parallel int           // rounds at the same time
	Runs     int           // releases of a round
	Replicas int           // on PostgreSQL
	Database string        // sqlite, postgres, or both in turn
	Binary   string        // haldane; "": it is built
	Dir      string        // where broken rounds leave their logs; "": a temporary folder
	Clock    bool          // jump the wall clock, with a binary made for it
	Only     []Kind        // faults that may happen; none: all
	Pace     Pace
	Out, Log io.Writer
}

// Pace is how fast a round lives.
type Pace struct {
	Step     time.Duration // between samples
	Every    time.Duration // between looks
	Length   time.Duration // of a run
	Starting time.Duration // within it all releases are started
	Faults   time.Duration // how long faults go on
	Spacing  time.Duration // between two faults, on average
	Pause    time.Duration // how long a replica is stopped at most
	Outage   time.Duration // how long a connection or server is bad, at most
	Tick     time.Duration // of the schedule
	Late     time.Duration // deadline of the rollbacks that have a short one
	Settle   time.Duration // within it everything must have come to its end
}

// Short is the pace of CI: a round takes seconds, and pauses are shorter than a lease.
func Short() Pace {
	return Pace{
		Step: 250 * time.Millisecond, Every: time.Second, Length: 8 * time.Second, Starting: 4 * time.Second,
		Faults: 9 * time.Second, Spacing: 700 * time.Millisecond, Pause: 3 * time.Second, Outage: 2 * time.Second,
		Tick: 3 * time.Second, Late: 3 * time.Second, Settle: 150 * time.Second,
	}
}

// Long is the pace at which pauses and outages are longer than every lease.
func Long() Pace {
	return Pace{
		Step: time.Second, Every: 3 * time.Second, Length: 60 * time.Second, Starting: 90 * time.Second,
		Faults: 3 * time.Minute, Spacing: 4 * time.Second, Pause: 75 * time.Second, Outage: 60 * time.Second,
		Tick: 15 * time.Second, Late: 20 * time.Second, Settle: 5 * time.Minute,
	}
}
