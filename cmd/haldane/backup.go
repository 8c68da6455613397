package main

import (
	"context"
	"fmt"
	"time"

	"github.com/haldane-dev/haldane/cmd/haldane/daemon"
	"github.com/haldane-dev/haldane/config"
)

type backupCommand struct {
	File  string `arg:"" help:"The file to write. It must not exist, unless --force is given." type:"path"`
	Force bool   `help:"Replace the file when it exists."`
}

// Help says which database is copied, and how a copy is put back.
func (backupCommand) Help() string {
	return `The database is the one that HALDANE_DATABASE names, as for serve; the daemon may go on
working on it. The copy is checked before it gets its name. Of PostgreSQL, pg_dump makes one.

To put a copy back: stop the daemon, copy the file over the database, remove the files
DATABASE-wal and DATABASE-shm beside it, and start the daemon. Runs that were open go on;
a rollback whose time is over by then is not sent late, somebody is told instead.

The copy is as small as it can be. The database itself never shrinks, it fills its free
space again; to shrink it, put a copy back.`
}

// Run makes the copy and says what it holds.
func (c backupCommand) Run(ctx context.Context, s streams) error {
	settings, err := config.ReadSettings(ctx, lookuper(s.env))
	if err != nil {
		return err
	}
	b, err := daemon.BackUp(ctx, settings, c.File, c.Force)
	if err != nil {
		return err
	}
	holds := counted(b.Runs, "run")
	if b.Runs > 0 {
		holds += fmt.Sprintf(" (%d open, the newest of %s)", b.Open, b.Last.Format("2006-01-02 15:04:05 UTC"))
	}
	_, err = fmt.Fprintf(s.out, "%s: %s, %s, in %s; checked\n", b.File, holds, size(b.Bytes), b.Took.Round(time.Millisecond))
	return err
}

// size prints bytes for people.
func size(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	v, i := float64(n), 0
	for ; v >= 1024 && i < len(units)-1; i++ {
		v /= 1024
	}
	if i == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.3g %s", v, units[i])
}
