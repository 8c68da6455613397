package faults

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// release is one that the harness lets happen.
type release struct {
	Plan, Key, Version, Baseline string
	After                        time.Duration // when it is started, from the beginning of the round
	Bad                          bool
	BadAfter                     time.Duration // from then on it is bad
	Short                        bool          // its rollback has a short deadline
}

const (
	undoPath = "/undo"
	tellPath = "/tell"
	cronPlan = "by-the-clock"
	baseline = "v0"
)

// flavours are the kinds of plans, and the part of their text that differs.
var flavours = []struct{ name, text string }{
	{"limit", `
    judge: threshold
    baseline: none
    metrics: [{name: errors, source: prom, query: 'errors{version="{{.Version}}"}', threshold: {max: 0.5, consecutive: 2}, no_data: {policy: wait, after: SILENCE}}]
    on_start: [tell]
    on_pass: [tell]
    on_fail: [undo, tell]`},
	{"ratio", `
    metrics:
      - {name: failures, source: prom, kind: ratio, bad: 'failures{version="{{.Version}}"}', total: 'requests{version="{{.Version}}"}', no_data: {policy: wait, after: SILENCE}}
      - {name: latency, source: prom, query: 'latency{version="{{.Version}}"}', tolerance: 20%, no_data: {policy: wait, after: SILENCE}}
    on_fail: [undo, tell]`},
	{"late", `
    judge: threshold
    baseline: none
    metrics: [{name: errors, source: prom, query: 'errors{version="{{.Version}}"}', threshold: {max: 0.5, consecutive: 2}, no_data: {policy: wait, after: SILENCE}}]
    on_fail: [{action: undo, within: LATE}, tell]`},
	{"queue", `
    judge: threshold
    baseline: none
    concurrency: queue
    metrics: [{name: errors, source: prom, query: 'errors{version="{{.Version}}"}', threshold: {max: 0.5, consecutive: 2}, no_data: {policy: wait, after: SILENCE}}]
    on_fail: [undo, tell]`},
}

// draw makes the releases of a round: every third is bad at some moment that its run
// sees. Two of one plan share a service only where they queue.
func draw(rng *rand.Rand, runs int, p Pace, queues bool) []release {
	var out []release
	for i := range runs {
		f := flavours[rng.IntN(len(flavours)-1)] // but for the last: of those there are few
		if i < len(flavours)-1 {
			f = flavours[i]
		} else if last := len(flavours) - 1; queues && (i%50 == last || i%50 == last+1) {
			f = flavours[len(flavours)-1]
		}
		r := release{
			Plan: fmt.Sprintf("%s-%d", f.name, i), Version: fmt.Sprintf("v%d", i+1), Baseline: baseline,
			Key: fmt.Sprintf("release-%d", i), Bad: i%3 == 0, Short: f.name == "late",
			After: upTo(rng, p.Starting),
		}
		if f.name == "queue" {
			r.Plan = fmt.Sprintf("queue-%d", i/50) // two wait for each other
		}
		if r.Bad {
			r.BadAfter = upTo(rng, p.Length/3)
		}
		out = append(out, r)
	}
	return out
}

// configText is the config of all replicas. What differs between them, and what nobody
// may see, comes from their environments.
func configText(metrics string, releases []release, p Pace) string {
	var b strings.Builder
	fmt.Fprintf(&b, `tokens:
  - {name: harness, role: operate, sha256: "${env:API_TOKEN_SHA256}"}
sources:
  prom: {type: prometheus, url: "http://%s", delay: 100ms, timeout: 3s, bearer_token: "${env:PROM_TOKEN}"}
actions:
  undo: {type: webhook, url: "http://${env:HOOK}%s", secret: "${env:HOOK_SECRET}", timeout: 2s}
  tell: {type: webhook, url: "http://${env:HOOK}%s", secret: "${env:HOOK_SECRET}", timeout: 2s, changes_world: false}
guards: {max_rollbacks_per_hour: 0, many_services: {services: 0}}
defaults:
  every: %s
  step: %s
  duration: %s
  min_duration: %s
  allow_rollback: true
  verify: %s
  on_delivery_failed: [tell]
plans:
  - name: %s
    judge: threshold
    baseline: none
    duration: %s
    min_duration: 0s
    schedule: {cron: "@every %s", version: steady, baseline_version: %s}
    metrics: [{name: errors, source: prom, query: 'errors{version="{{.Version}}"}', threshold: {max: 0.5, consecutive: 2}, no_data: {policy: wait, after: SILENCE}}]
    on_fail: [undo, tell]
`, metrics, undoPath, tellPath, p.Every, p.Step, p.Length, p.Length*3/4, p.Every*3, cronPlan, p.Tick/2, p.Tick, baseline)
	seen := map[string]bool{}
	for _, r := range releases {
		if seen[r.Plan] {
			continue
		}
		seen[r.Plan] = true
		for _, f := range flavours {
			if strings.HasPrefix(r.Plan, f.name+"-") {
				fmt.Fprintf(&b, "  - name: %s%s\n", r.Plan, f.text)
			}
		}
	}
	return strings.NewReplacer("LATE", p.Late.String(), "SILENCE", (4 * p.Step).String()).Replace(b.String())
}

// upTo draws a duration below a limit.
func upTo(rng *rand.Rand, limit time.Duration) time.Duration {
	return time.Duration(rng.Int64N(max(1, int64(limit))))
}
