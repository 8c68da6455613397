package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/cmd/haldane-bench/faults"
)

// faultsCommand lets everything around real daemons fail, and checks what they promise.
func faultsCommand(ctx context.Context, args []string, s streams) (int, error) {
	o := faults.Options{Pace: faults.Short(), Out: s.out, Log: s.err}
	var long bool
	var only string
	f := flag.NewFlagSet("haldane-bench faults", flag.ContinueOnError)
	f.SetOutput(s.err)
	f.BoolVar(&long, "long", false, "300 runs a round, pauses and outages longer than every lease, one round after the other")
	f.IntVar(&o.Rounds, "rounds", 20, "how many rounds")
	f.DurationVar(&o.For, "for", 0, "begin no round after this time; 0: all of them")
	f.Uint64Var(&o.Seed, "seed", 0, "of the first round, the others count up from it; a round is repeated with it and -rounds 1. 0: by the clock")
	f.IntVar(&o.Runs, "runs", 0, "releases in a round; 0: 15, or 300 with -long")
	f.IntVar(&o.Parallel, "parallel", 0, "rounds at the same time; 0: twice the processors, or 1 with -long")
	f.IntVar(&o.Replicas, "replicas", 3, "of a round on PostgreSQL")
	f.StringVar(&o.Database, "database", "both", "sqlite, postgres, or both in turn")
	f.StringVar(&o.Binary, "binary", "", "the haldane to test; without it one is built from the module here")
	f.StringVar(&o.Dir, "dir", "", "where logs of broken rounds are left; default: a temporary folder")
	f.BoolVar(&o.Clock, "clock", true, "jump the wall clock too; the binary that is built here has one that can be set")
	f.StringVar(&only, "only", "", fmt.Sprintf("faults to choose from, separated by commas; default: all of %v", faults.Kinds()))
	pause := f.Duration("pause", 0, "how long a replica is stopped at most; 0: 3s, or 75s with -long")
	settle := f.Duration("settle", 0, "how long after the last fault everything may take to come to its end; 0: 150s, or 5m with -long")
	if err := f.Parse(args); err != nil {
		return exitTrouble, err
	}
	runs, parallel := 15, 2*runtime.GOMAXPROCS(0)
	if long {
		o.Pace, runs, parallel = faults.Long(), 300, 1
	}
	orDefault(&o.Runs, runs)
	orDefault(&o.Parallel, parallel)
	orDefault(&o.Seed, uint64(time.Now().Unix()))
	orDefault(pause, o.Pace.Pause)
	orDefault(settle, o.Pace.Settle)
	o.Pace.Pause, o.Pace.Settle = *pause, *settle
	o.Clock = o.Clock && (o.Binary == "" || given(f, "clock"))
	for _, k := range strings.FieldsFunc(only, func(r rune) bool { return r == ',' }) {
		o.Only = append(o.Only, faults.Kind(k))
	}
	kept, err := faults.Run(ctx, o)
	if err == nil && !kept {
		return exitFail, nil
	}
	return exitOK, err
}

func orDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// given reports whether a flag was set.
func given(f *flag.FlagSet, name string) (found bool) {
	f.Visit(func(x *flag.Flag) { found = found || x.Name == name })
	return found
}
