package engine

import (
	"slices"
	"testing"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/haldane-dev/haldane/analysis"
)

// FuzzFreeze reads anything at all as a time that comes again, in any time zone. A freeze
// is on while one of its beginnings, found by looking at every minute, is not over; and
// what comes next stays the same until it has come.
func FuzzFreeze(f *testing.F) {
	newYork := time.Date(2026, 11, 1, 5, 30, 0, 0, time.UTC).Unix() // 01:30, for the first time
	for _, zone := range []string{"UTC", "America/New_York", "Africa/Cairo", "Pacific/Apia", "Australia/Lord_Howe", "Asia/Kathmandu", "Nowhere", "UTC 0", "", "Local"} {
		for _, expression := range []string{
			"* * * * *", "0 18 * * fri", "30 1 * * *", "0 0 * * *", "30 2 8-14 3 0", "0 0 29 2 *", "0 0 31 2 *", "*/7 1-5,23 1,15 * mon", "@hourly", "@every 1s",
			"TZ=UTC", "0 0 1 1 * *", "?", "1-0 * * * *", "0/0 * * * *", "99999999999999999999 * * * *", "* * * * 7",
		} {
			f.Add(expression, zone, newYork, uint32(600))
		}
	}
	f.Add("0 0 * * *", "Pacific/Apia", time.Date(2011, 12, 31, 12, 0, 0, 0, time.UTC).Unix(), uint32(2000)) // without a 30 December
	f.Add("* * * 1 *", "UTC", newYork, uint32(366*24*60))
	f.Fuzz(func(t *testing.T, expression, zone string, at int64, minutes uint32) {
		now := time.Unix(at&(1<<32-1), 0).UTC()
		lasts := time.Duration(1+minutes%(366*24*60)) * time.Minute
		freeze, err := NewFreeze("f", expression, zone, lasts, nil, nil)
		if err != nil {
			if analysis.KindOf(err) != analysis.Invalid {
				t.Fatalf("error %v", err)
			}
			return
		}
		spec, ok := freeze.begins.(*cron.SpecSchedule)
		if !ok { // @every, which the config refuses
			freeze.until(now)
			return
		}
		comes(t, spec, now)
		end, on := freeze.until(now)
		if on && (!end.After(now) || end.Add(-lasts).After(now) || !begins(spec, end.Add(-lasts))) {
			t.Fatalf("%s in %s: at %s it is on until %s", expression, zone, now, end)
		}
		if lasts > 3*24*time.Hour {
			return // too long to look at every minute
		}
		var want time.Time
		for m := now.Truncate(time.Minute); m.After(now.Add(-lasts)); m = m.Add(-time.Minute) {
			if begins(spec, m) {
				want = m.Add(lasts)
				break
			}
		}
		if on != !want.IsZero() || on && !end.Equal(want) {
			t.Fatalf("%s in %s: at %s it is on %v until %s, want until %s", expression, zone, now, on, end, want)
		}
	})
}

// comes checks what comes next.
func comes(t *testing.T, s *cron.SpecSchedule, now time.Time) {
	t.Helper()
	next := s.Next(now)
	if next.IsZero() {
		return
	}
	if !next.After(now) || !begins(s, next) {
		t.Fatalf("after %s comes %s", now, next)
	}
	for _, between := range []time.Time{now.Add(next.Sub(now) / 2), next.Add(-1)} {
		if again := s.Next(between); !again.Equal(next) {
			t.Fatalf("after %s comes %s, but after %s %s", now, next, between, again)
		}
	}
}

// begins reports whether a moment is a beginning: by the clock on the wall, as cron has
// it, a day of the month or of the week is enough where both are given.
func begins(s *cron.SpecSchedule, at time.Time) bool {
	const star = 1 << 63
	at = at.In(s.Location)
	has := func(field uint64, n int) bool { return field&(1<<n) != 0 }
	days := []bool{has(s.Dom, at.Day()), has(s.Dow, int(at.Weekday()))}
	day := slices.Contains(days, true)
	if (s.Dom|s.Dow)&star != 0 {
		day = !slices.Contains(days, false)
	}
	return at.Second() == 0 && at.Nanosecond() == 0 && has(s.Minute, at.Minute()) && has(s.Hour, at.Hour()) && has(s.Month, int(at.Month())) && day
}
