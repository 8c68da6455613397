package analysis

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Duration is a time.Duration that reads and prints the way Prometheus and Go
// users write it: "30s", "1m30s", "7d", "1.5h". Its text form is also valid
// PromQL, so {{.Step}} can stand in a range selector.
type Duration time.Duration

var durationParts = []struct {
	unit string
	size time.Duration
}{
	{"w", 7 * 24 * time.Hour},
	{"d", 24 * time.Hour},
	{"h", time.Hour},
	{"m", time.Minute},
	{"s", time.Second},
	{"ms", time.Millisecond},
}

var wholeUnits = regexp.MustCompile(`^(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$`)

// ParseDuration reads Prometheus durations ("1w2d3h4m5s6ms", largest unit first)
// and Go durations ("1.5h"). A bare number is refused except "0".
func ParseDuration(s string) (Duration, error) {
	s = strings.TrimSpace(s)
	if s == "0" {
		return 0, nil
	}
	if m := wholeUnits.FindStringSubmatch(s); m != nil && s != "" {
		var d time.Duration
		for i, part := range durationParts {
			n, _ := strconv.ParseInt("0"+m[i+1], 10, 64)
			add := time.Duration(n) * part.size
			if n != 0 && add/part.size != time.Duration(n) || d+add < d {
				return 0, Errorf(Invalid, "duration %q: too long", s)
			}
			d += add
		}
		return Duration(d), nil
	}
	if d, err := time.ParseDuration(s); err == nil {
		return Duration(d), nil
	}
	return 0, Errorf(Invalid, "duration %q: not understood", s).WithHint("a number with a unit: 30s, 5m, 1h30m, 7d")
}

// String prints whole units, largest first, without zero parts: 90 minutes are
// "1h30m". What is finer than a millisecond is printed as Go does.
func (d Duration) String() string {
	t := time.Duration(d)
	if t == 0 {
		return "0s"
	}
	if t < 0 || t%time.Millisecond != 0 {
		return t.String()
	}
	var b strings.Builder
	for _, part := range durationParts[1:] {
		if n := t / part.size; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, part.unit)
			t %= part.size
		}
	}
	return b.String()
}

// Std returns the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := ParseDuration(string(b))
	if err != nil {
		return err
	}
	*d = v
	return nil
}
