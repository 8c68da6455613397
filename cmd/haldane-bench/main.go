// Command haldane-bench measures Haldane from outside. Its judge command makes
// releases whose truth is known, has every judge watch them look by look, and prints
// how often each is wrong, how often right, and how soon.
//
// It may import everything of the house. Start reading at judge.go, the command; then
// watch.go is one release before one judge, work.go many of them at once, tally.go
// what they amount to, table.go how it is shown.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
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

const usage = `usage: haldane-bench judge [flags]

  judge   watch made-up releases with every judge; "haldane-bench judge -h" for its flags
`

// run is the program without its process: it returns the exit status.
func run(args []string, s streams) int {
	if len(args) == 0 || args[0] != "judge" {
		fmt.Fprint(s.err, usage)
		if len(args) == 1 && (args[0] == "-h" || args[0] == "-help" || args[0] == "--help") {
			return exitOK
		}
		return exitTrouble
	}
	code, err := judgeCommand(args[1:], s)
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
