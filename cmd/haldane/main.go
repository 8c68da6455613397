// Command haldane is the whole of Haldane: the daemon (serve), and the commands
// around it (check, judge, power, backtest, run, drill, backup, version). One file per command;
// package daemon puts the parts together.
//
// # The JSON of haldane backtest
//
// With --format json it prints one daemon.BacktestReport, whose fields say what they
// are; fields are added, never renamed. In short, one run of three that failed:
//
//	{"plan": "checkout", "judge": "sequential", "aa": false, "version": "2.0.1", "baseline_version": "1.9.4",
//	 "method": {"name": "versions", "text": "2.0.1 against 1.9.4"},
//	 "from": "..", "to": "..", "every": "30m", "duration": "30m", "delay": "30s", "planned": 3, "complete": true, "notes": [],
//	 "windows": [
//	   {"start": "..", "end": "..", "class": "judged", "outcome": "fail", "decided_at": "..", "decided_after": "8m36s",
//	    "score": 50, "reason": "errors is ..", "looks": 17, "findings": [ as in the API ]}, ..],
//	 "totals": {"judged": 2, "no_data": 1, "trouble": 0, "outcomes": {"pass": 1, "marginal": 0, "fail": 1, "inconclusive": 0},
//	   "failed_share": {"share": 0.5, "low": 0.013, "high": 0.987}, "looks": 77,
//	   "median_decision": "8m36s", "median_failure": "8m36s", "blamed": [{"metric": "errors", "windows": 1}]}}
//
// Windows of class no_data had nothing to judge, those of class trouble could not be
// read; neither is counted.
//
// # The JSON of haldane drill
//
// With --format json it prints one drillReport at the end: the plan, the drill's run, ok
// when every step was done (without --for-real: could have been), and the steps with their
// state, their seconds and what was said. Fields are added, never renamed.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // schedules name time zones, and the image has no files of its own

	"github.com/alecthomas/kong"

	"github.com/haldane-dev/haldane/analysis"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr, os.LookupEnv, os.Environ()})
	stop()
	os.Exit(code)
}

// streams are what a command may touch of the process.
type streams struct {
	in      io.Reader
	out     io.Writer
	err     io.Writer
	env     func(string) (string, bool)
	environ []string
}

// Exit statuses. Those of run are part of its contract; the other commands use the
// same numbers.
const (
	exitOK        = 0
	exitFail      = 1 // the release failed; the config is wrong; a line could not be judged
	exitUndecided = 2 // the release is neither good nor bad
	exitTrouble   = 3 // anything else: usage, no daemon, time is up
)

// exit ends a command with a status other than 0 or exitTrouble. Its text, if any,
// has been printed.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

type commands struct {
	Serve    serveCommand    `cmd:"" help:"Run the daemon."`
	Check    checkCommand    `cmd:"" help:"Check a config file."`
	Judge    judgeCommand    `cmd:"" help:"Judge series from JSON lines, offline."`
	Power    powerCommand    `cmd:"" help:"Say how long a run must be to see a change."`
	Backtest backtestCommand `cmd:"" help:"Play a plan over the past: what would it have said?"`
	Run      runCommand      `cmd:"" help:"Start a run at a daemon, and wait for its outcome."`
	Drill    drillCommand    `cmd:"" help:"Do what follows a bad verdict, on one that is made up: does the rollback work?"`
	Backup   backupCommand   `cmd:"" help:"Copy the SQLite database, while the daemon works on it."`
	Version  versionCommand  `cmd:"" help:"Print the version."`
}

// run is the program without its process: it returns the exit status.
func run(ctx context.Context, args []string, s streams) int {
	var c commands
	status := -1
	parser, err := kong.New(&c,
		kong.Name("haldane"), kong.Description("Automated release analysis and rollback."),
		kong.Writers(s.out, s.err), kong.Exit(func(code int) { status = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(s))
	if err != nil {
		panic(err) // the structs above are wrong
	}
	k, err := parser.Parse(args)
	if status == 0 { // --help was asked for
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(s.err, "haldane: %s\n%s\n", err, `try "haldane --help"`)
		return exitTrouble
	}
	err = k.Run()
	var code exit
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &code):
		return int(code)
	}
	fmt.Fprintf(s.err, "haldane: %s\n", shown(err))
	return exitTrouble
}

// shown is an error for people: ours say what to do, those of the standard library
// say enough.
func shown(err error) string {
	var e *analysis.Error
	if errors.As(err, &e) {
		return e.Error()
	}
	return err.Error()
}

type versionCommand struct{}

// Run prints the version and what it was built with.
func (versionCommand) Run(s streams) error {
	info, _ := debug.ReadBuildInfo()
	_, err := fmt.Fprintf(s.out, "haldane %s %s\n", version(), info.GoVersion)
	return err
}

// release is set by the build of a release: -ldflags "-X main.release=1.2.3".
var release string

// version is that of the release, of the module, or of the commit it was built from.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel-" + s.Value[:12]
		}
	}
	return "devel"
}
