// Command haldane-bench measures Haldane from outside. Its judge command makes
// releases whose truth is known, has every judge watch them look by look, and prints
// how often each is wrong, how often right, and how soon. Its share command counts the
// requests that many runs make together, its limit command shows how they share a limit, its
// storm command what is sent when many fail at once. Its load command watches a daemon in a
// process of its own at work, its faults command lets everything around real daemons fail
// (see package faults).
//
// It may import everything of the house. Start reading at judge.go, the command; then
// watch.go is one release before one judge, work.go many of them at once, tally.go
// what they amount to, table.go how it is shown. house.go is a daemon for the commands
// that need one. Of load, load.go is the command, load_measure.go what it does, and
// load_world.go what it does it to.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(run(os.Args[1:], streams{os.Stdout, os.Stderr, isTerminal(os.Stderr)})) }

// streams are what a command may touch of the process.
type streams struct {
	out, err io.Writer
	terminal bool // err is one: progress may be shown
}

// Exit statuses.
const (
	exitOK      = 0
	exitFail    = 1 // a promise is not kept
	exitTrouble = 3 // usage
)

const usage = `usage: haldane-bench COMMAND [flags]

  faults  let everything fail around real daemons, and check what they promise
  judge   watch made-up releases with every judge
  limit   watch many runs share a small limit of Datadog's
  load    watch a real daemon with many runs: is it on time, and what does it need
  share   count the requests of many runs that ask the same
  storm   let many services fail in the same minute

"haldane-bench COMMAND -h" shows a command's flags.
`

// commands are those of the program, by name.
var commands = map[string]func(context.Context, []string, streams) (int, error){
	"faults": faultsCommand,
	"judge":  func(_ context.Context, args []string, s streams) (int, error) { return judgeCommand(args, s) },
	"limit":  limitCommand,
	"load":   loadCommand,
	"share":  shareCommand,
	"storm":  stormCommand,

	loadPrometheusName: loadPrometheusCommand,
}

// run is the program without its process: it returns the exit status.
func run(args []string, s streams) int {
	if len(args) == 0 || commands[args[0]] == nil {
		fmt.Fprint(s.err, usage)
		if len(args) == 1 && (args[0] == "-h" || args[0] == "-help" || args[0] == "--help") {
			return exitOK
		}
		return exitTrouble
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code, err := commands[args[0]](ctx, args[1:], s)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		fmt.Fprintf(s.err, "haldane-bench: %v\n", err)
		return exitTrouble
	}
	return code
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
