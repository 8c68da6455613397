package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// clockVariable names the file that tells a binary made by buildClock how many seconds
// its wall clock is wrong. It looks into it every clockPoll.
const (
	clockVariable = "HALDANE_BENCH_CLOCK"
	clockPoll     = 20 * time.Millisecond
	clockSkew     = time.Hour
)

// build makes haldane from the module around the working directory. With clock it makes
// one whose wall clock can be set wrong, by laying a few lines over the standard library:
// what libfaketime does is of no use, as Go asks the kernel without libc. The monotonic
// clock stays as it is, as it does when a real clock is set.
func buildHaldane(ctx context.Context, dir string, clock bool) (string, error) {
	binary := filepath.Join(dir, "haldane")
	args := []string{"build", "-o", binary}
	if clock {
		overlay, err := clockOverlay(ctx)
		if err != nil {
			return "", err
		}
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "github.com/haldane-dev/haldane/cmd/haldane")...) //nolint:gosec // go build
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return binary, nil
}

const skewInTime = `package time

import "sync/atomic"

// WallSkew are the seconds by which the wall clock is wrong.
var WallSkew atomic.Int64
`

const skewInOS = `package os

import (
	"internal/strconv"
	"time"
)

func init() {
	if name := Getenv("` + clockVariable + `"); name != "" {
		go func() {
			for ; ; time.Sleep(POLL) {
				text, _ := ReadFile(name)
				for _, skew := range []int64{-3600, 0, 3600} {
					if string(text) == strconv.Itoa(int(skew)) {
						time.WallSkew.Store(skew)
					}
				}
			}
		}()
	}
}
`

// clockOverlay writes the lines, always in the same place, so that Go builds its library
// with them once only.
func clockOverlay(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT: %w", err)
	}
	src := filepath.Join(strings.TrimSpace(string(out)), "src")
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "haldane-bench", "clock")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	now, err := os.ReadFile(filepath.Join(src, "time", "time.go"))
	if err != nil {
		return "", err
	}
	const reads, rest = "\tsec, nsec, mono := runtimeNow()\n", "\tif mono == 0 {"
	if strings.Count(string(now), reads+rest) != 1 {
		return "", fmt.Errorf("time.Now is not what it was: look at it, or run without -clock")
	}
	files := map[string][2]string{
		filepath.Join(src, "time", "time.go"): {"time.go", strings.Replace(string(now), reads+rest, reads+"\tsec += WallSkew.Load()\n"+rest, 1)},
		filepath.Join(src, "time", "skew.go"): {"skew_time.go", skewInTime},
		filepath.Join(src, "os", "skew.go"):   {"skew_os.go", strings.ReplaceAll(skewInOS, "POLL", fmt.Sprintf("%d", clockPoll))},
	}
	var overlay struct{ Replace map[string]string }
	overlay.Replace = map[string]string{}
	for place, f := range files {
		overlay.Replace[place] = filepath.Join(dir, f[0])
		if err := os.WriteFile(overlay.Replace[place], []byte(f[1]), 0o600); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "overlay.json")
	return name, os.WriteFile(name, text, 0o600)
}
