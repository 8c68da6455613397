package main

import (
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/haldane-dev/haldane/analysis"
)

// moment is a point in time as people write it. What it means depends on now.
type moment string

// Decode implements kong.MapperValue: a value may begin with a hyphen, as in --from -7d.
func (m *moment) Decode(ctx *kong.DecodeContext) error {
	text, ok := ctx.Scan.Pop().Value.(string)
	if !ok || text == "" || strings.HasPrefix(text, "--") {
		return analysis.Errorf(analysis.Invalid, "a time is missing").WithHint("-7d")
	}
	*m = moment(text)
	return nil
}

// localLayouts are those of times without a zone.
var localLayouts = [...]string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"}

// at returns the moment, in the zone of now where the text names none. Those that are
// relative to now are of whole minutes.
func (m moment) at(flag string, now time.Time) (time.Time, error) {
	text := strings.TrimSpace(string(m))
	if text == "now" {
		return now.Truncate(time.Minute), nil
	}
	if ago, ok := strings.CutPrefix(text, "-"); ok {
		d, err := analysis.ParseDuration(ago)
		if err != nil || d < 0 {
			return time.Time{}, notATime(flag, text)
		}
		return now.Add(-d.Std()).Truncate(time.Minute), nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.In(now.Location()), nil
	}
	for _, layout := range localLayouts {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t, nil
		}
	}
	return time.Time{}, notATime(flag, text)
}

func notATime(flag, text string) error {
	return analysis.Errorf(analysis.Invalid, "%s %q: not a time", flag, text).
		WithHint("2026-11-20T14:00:00Z, \"2026-11-20 14:00\" in local time, -7d, or now")
}
