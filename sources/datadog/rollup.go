package datadog

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A metric query's own roll-up: .rollup(sum, 300) or .rollup(300). One without a number
// leaves the length to Datadog; moving_rollup(...) is another thing.
var rollupCall = regexp.MustCompile(`\.rollup\(([^()]*)\)`)

// ownRollups returns the lengths of the roll-ups that stand in a metric query.
func ownRollups(text string) []time.Duration {
	var found []time.Duration
	for _, call := range rollupCall.FindAllStringSubmatch(text, -1) {
		args := strings.Split(call[1], ",")
		seconds, err := strconv.Atoi(strings.TrimSpace(args[len(args)-1]))
		if err == nil && seconds > 0 {
			found = append(found, time.Duration(seconds)*time.Second)
		}
	}
	return found
}

// A term of a metric query from its scope on: {scope} by {tags}.modifiers().
var (
	term      = regexp.MustCompile(`\{[^{}]*\}(\s*by\s*\{[^{}]*\})?((?:\.[a-z_]+\([^()]*\))*)`)
	countLike = regexp.MustCompile(`^\.as_(count|rate)\(\)`)
)

// paced makes Datadog's first API, which has no parameter for it, answer in steps: every
// term that has no roll-up gets one. Counters are summed, as as_count() and as_rate() do
// by themselves; for the rest Datadog's default holds, as it does without a roll-up.
func paced(text string, step time.Duration) string {
	seconds := strconv.Itoa(int(step / time.Second))
	return term.ReplaceAllStringFunc(text, func(whole string) string {
		modifiers := term.FindStringSubmatch(whole)[2]
		head := strings.TrimSuffix(whole, modifiers)
		if strings.Contains(modifiers, ".rollup(") {
			return whole
		}
		if count := countLike.FindString(modifiers); count != "" {
			return head + count + ".rollup(sum, " + seconds + ")" + strings.TrimPrefix(modifiers, count)
		}
		return head + ".rollup(" + seconds + ")" + modifiers
	})
}

// Enough samples to believe that what they have in common is no accident: that 12 whole
// numbers have a common divisor by chance happens once in 4,000 times.
const manySamples = 12

// serverRollup finds out whether the server answered in longer steps than asked for: the
// second API does not say. Its buckets begin at whole multiples of their length since
// 1970, so all times have that length in common. Events (logs, RUM) that happen seldom
// leave gaps of any length, so few times are believed only when they lie side by side
// over all of the window. times are in order and in milliseconds, as are start and end.
// 0 is no roll-up.
func serverRollup(times []int64, start, end, step int64) int64 {
	if len(times) < 3 {
		return 0
	}
	common := int64(0)
	for _, t := range times {
		common = divisor(common, t)
	}
	if common <= step {
		return 0
	}
	apart := slices.ContainsFunc(times[1:], func(t int64) bool {
		i, _ := slices.BinarySearch(times, t)
		return t-times[i-1] != common
	})
	whole := times[0] < start+common && times[len(times)-1] >= end-2*common
	if len(times) >= manySamples || !apart && whole {
		return common
	}
	return 0
}

// divisor is the greatest that two numbers have in common.
func divisor(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, -a)
}
