// Command haldane-demo shows Haldane at work, in one process and in under a minute:
// a made-up shop whose metrics go into a real Prometheus database and are asked
// for with its real query engine, a good release that passes, a bad one that is
// rolled back, the deploy tool that receives the rollback, and the alert in Slack.
//
// It is a Go module of its own, because Prometheus's database brings hundreds of
// modules that the daemon must not have. Start reading at story.go; haldane.yaml is
// the config that it plays, and one to copy.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/cmd/haldane/daemon"
	"github.com/haldane-dev/haldane/config"
)

//go:embed haldane.yaml
var planFile []byte

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	flags := flag.NewFlagSet("haldane-demo", flag.ContinueOnError)
	flags.SetOutput(errs)
	minute := flags.Duration("pace", 500*time.Millisecond, "how long a minute of the shop lasts here")
	keep := flags.Bool("keep", false, "stay up afterwards, until Ctrl-C")
	picture := flags.String("picture", "", "file for the picture that is posted in Slack (PNG)")
	verbose := flags.Bool("verbose", false, "print the daemon's log, too")
	plan := flags.Bool("plan", false, "print the plan file and nothing else")
	shopOnly := exportFlags(flags)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if *plan {
		_, _ = out.Write(planFile)
		return 0
	}
	if *minute < 100*time.Millisecond {
		fmt.Fprintln(errs, "haldane-demo: --pace: a minute must last at least 100ms here")
		return 2
	}
	if shopOnly.listen != "" {
		if err := export(ctx, shopOnly, out); err != nil {
			fmt.Fprintln(errs, "haldane-demo: --shop:", err)
			return 1
		}
		return 0
	}
	log := slog.New(slog.DiscardHandler)
	if *verbose {
		log = slog.New(slog.NewTextHandler(errs, nil))
	}
	if err := tell(ctx, out, tale{*minute, *picture, *keep}, inProcess(log)); err != nil {
		fmt.Fprintln(errs, "haldane-demo:", err)
		return 1
	}
	return 0
}

// tale is how the story is to be told.
type tale struct {
	minute  time.Duration // of the shop
	picture string        // file for the picture in Slack
	keep    bool          // stay up afterwards
}

// tell plays the story and checks that it came out as it should.
func tell(ctx context.Context, out io.Writer, how tale, launch launcher) (err error) {
	fmt.Fprintf(out, "A minute of the shop lasts %s here. The times on the left are the shop's.\n", how.minute)
	s, err := setUp(ctx, how.minute, out, launch)
	s.picture = how.picture
	defer func() {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
		defer cancel()
		err = errors.Join(err, s.close(stop))
	}()
	if err != nil {
		return err
	}
	r, err := s.play(ctx)
	if err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nThat is all. The config of this story is a real one to start from: go run ./cmd/haldane-demo --plan\n")
	if how.keep {
		fmt.Fprintf(out, "Look around: %s (Ctrl-C ends it)\n", s.daemon.URL())
		<-ctx.Done()
	}
	return nil
}

// check is the moral of the story.
func (r result) check() error {
	switch {
	case *r.Good.Outcome != analysis.OutcomePass:
		return fmt.Errorf("the good release ended as %s: %s", *r.Good.Outcome, r.Good.Reason)
	case *r.Bad.Outcome != analysis.OutcomeFail:
		return fmt.Errorf("the bad release ended as %s: %s", *r.Bad.Outcome, r.Bad.Reason)
	case r.Bad.Rollback.State != analysis.RollbackAccepted:
		return fmt.Errorf("the rollback is %s: %s", r.Bad.Rollback.State, r.Bad.Rollback.Reason)
	case len(r.Rollbacks) != 1 || r.Rollbacks[0].From != "1.5.0" || r.Rollbacks[0].To != "1.4.2":
		return fmt.Errorf("the deploy tool received %+v", r.Rollbacks)
	}
	return nil
}

// inProcess runs the daemon in this process.
func inProcess(log *slog.Logger) launcher {
	return func(ctx context.Context, file, dir string, env map[string]string) (daemonProcess, error) {
		settings := config.Settings{
			Config: file, Listen: "127.0.0.1:0", Database: config.NewSecret("sqlite:" + dir + "/haldane.db"), Actions: config.ActionsOn,
		}
		d, err := daemon.Start(ctx, daemon.Options{
			Settings: settings, Version: "demo", Log: log, Poll: 20 * time.Millisecond,
			Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		})
		if err != nil {
			return nil, err
		}
		return d, nil
	}
}
