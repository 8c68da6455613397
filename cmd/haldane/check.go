package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/cmd/haldane/daemon"
	"github.com/haldane-dev/haldane/config"
)

type checkCommand struct {
	File      string `arg:"" optional:"" help:"The config file; default: HALDANE_CONFIG, or haldane.yaml." type:"path"`
	Online    bool   `help:"Also reach every source and action, and ask every metric once."`
	Version   string `help:"With --online: version to ask for as the canary."`
	Baseline  string `help:"With --online: version to ask for as the baseline."`
	Schema    bool   `help:"Print the JSON Schema of the config, for editors, and nothing else." xor:"print"`
	Reference bool   `help:"Print the annotated reference of the config, and nothing else." xor:"print"`
}

// Run checks a config, or prints what describes it.
func (c checkCommand) Run(ctx context.Context, s streams) error {
	types := daemon.Types(s.env)
	switch {
	case c.Schema:
		b, err := config.Schema(types)
		if err != nil {
			return err
		}
		_, err = s.out.Write(b)
		return err
	case c.Reference:
		_, err := io.WriteString(s.out, config.Reference)
		return err
	}
	if c.File == "" {
		settings, err := config.ReadSettings(ctx, lookuper(s.env))
		if err != nil {
			return err
		}
		c.File = settings.Config
	}
	loaded, err := config.Load(c.File, types)
	var mistakes *config.Mistakes
	if errors.As(err, &mistakes) {
		printMistakes(s.err, mistakes)
		return exit(exitFail)
	}
	if err != nil {
		return err
	}
	for _, w := range loaded.Warnings {
		fmt.Fprintf(s.err, "warning: %s\n", w)
	}
	fmt.Fprintf(s.out, "%s is fine: %s, %s, %s\n", c.File,
		counted(len(loaded.Sources), "source"), counted(len(loaded.Actions), "action"), counted(len(loaded.Plans), "plan"))
	if !c.Online {
		return nil
	}
	probe := daemon.Probe{Config: loaded, Version: c.Version, Baseline: c.Baseline, Out: s.out, Now: time.Now()}
	if !probe.Run(ctx) {
		return exit(exitFail)
	}
	return nil
}

func printMistakes(w io.Writer, m *config.Mistakes) {
	fmt.Fprintln(w, strings.TrimRight(m.Error(), "\n"))
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
