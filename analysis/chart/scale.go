package chart

import (
	"math"
	"strconv"
	"time"
)

// span is the range of an axis.
type span struct{ lo, hi float64 }

// nowhere is the range of nothing.
func nowhere() span { return span{math.Inf(1), math.Inf(-1)} }

func (s *span) include(v float64) { s.lo, s.hi = min(s.lo, v), max(s.hi, v) }

func (s span) empty() bool { return s.lo > s.hi }

// norm is where a value lies, 0 to 1; what is outside lies at the edge.
func (s span) norm(v float64) float64 { return min(1, max(0, (v-s.lo)/(s.hi-s.lo))) }

// rounded makes a range of values that of an axis: with zero when it is near or asked
// for, never a point, and with some air, more of it above when marks stand there.
func (s span) rounded(zero bool, above float64) span {
	if s.empty() {
		return span{0, 1}
	}
	lo, hi := s.lo, s.hi
	if lo > 0 && (zero || lo <= hi/2) {
		lo = 0
	}
	if hi < 0 && (zero || hi >= lo/2) {
		hi = 0
	}
	if size := max(math.Abs(lo), math.Abs(hi)); hi-lo <= 1e-9*size || hi == lo {
		if size < 1/far {
			size = 1
		}
		lo, hi = lo-0.1*size, hi+0.1*size
		if s.lo == 0 {
			lo = 0
		}
	}
	air := 0.05 * (hi - lo)
	if lo != 0 {
		lo -= air
	}
	if hi != 0 || above > 0.05 {
		hi += above * (hi - lo)
	}
	return span{lo, hi}
}

// tick is a place on an axis.
type tick struct {
	at    float64
	label string
}

// valueTicks are three to seven round numbers in a range. Shares are percent.
func valueTicks(s span, share bool) []tick {
	scale, unit := thousands(max(math.Abs(s.lo), math.Abs(s.hi)))
	if share {
		scale, unit = 100, " %"
	}
	lo, hi := s.lo*scale, s.hi*scale
	step := niceStep((hi - lo) / 6.5)
	if !(step > 0) || math.IsInf(step, 0) {
		return nil
	}
	var ticks []tick
	for i := math.Ceil(lo/step - 1e-9); i <= hi/step+1e-9 && len(ticks) < 12; i++ {
		v := i * step
		ticks = append(ticks, tick{v / scale, figure(v, step) + unit})
	}
	return ticks
}

// thousands scales large numbers to those that people read.
func thousands(size float64) (scale float64, unit string) {
	switch {
	case size >= 1e15: // as a power of ten
	case size >= 1e12:
		return 1e-12, " T"
	case size >= 1e9:
		return 1e-9, " G"
	case size >= 1e6:
		return 1e-6, " M"
	}
	return 1, ""
}

// niceStep is the smallest of 1, 2, 5, 10, .. that is not below a size.
func niceStep(size float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(size)))
	for _, n := range []float64{1, 2, 5} {
		if n*power >= size*(1-1e-9) {
			return n * power
		}
	}
	return 10 * power
}

// figure writes a number that is a multiple of a step, with as many decimals as the
// step has.
func figure(v, step float64) string {
	decimals := int(max(0, -math.Floor(math.Log10(step)+1e-9)))
	if size := max(math.Abs(v), step); size >= 1e15 || decimals > 6 {
		return strconv.FormatFloat(v+0, 'g', 4, 64)
	}
	return strconv.FormatFloat(v+0, 'f', decimals, 64) // +0: no "-0"
}

const day = 24 * time.Hour

// steps are those between the ticks of a time axis.
var steps = [...]time.Duration{
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, day, 2 * day, 7 * day, 14 * day, 28 * day,
}

// timeStep is the distance of ticks that divides a length into at most so many, and
// is not below least.
func timeStep(length, least time.Duration, most int) time.Duration {
	for _, s := range steps {
		if s >= least && length/s <= time.Duration(most) {
			return s
		}
	}
	step := steps[len(steps)-1]
	for length/step > time.Duration(most) {
		step *= 2
	}
	return step
}

// clockTicks are times of the day, UTC, at round places of a range of seconds since
// the origin, no closer than samples; those of midnight are dates.
func clockTicks(origin time.Time, s span, sample time.Duration) []tick {
	length := seconds(s.hi - s.lo)
	step := timeStep(length, sample, 8)
	from := origin.Add(seconds(s.lo))
	at := from.Truncate(step)
	if at.Before(from) {
		at = at.Add(step)
	}
	var ticks []tick
	for end := from.Add(length); !at.After(end); at = at.Add(step) {
		label := clock(at, step)
		if at.Equal(at.Truncate(day)) {
			label = at.UTC().Format("01-02")
		}
		ticks = append(ticks, tick{at.Sub(origin).Seconds(), label})
	}
	return ticks
}

// seconds is a duration of a number of them, at most what a duration can be.
func seconds(s float64) time.Duration {
	const most = 1 << 33
	return time.Duration(min(max(s, -most), most) * float64(time.Second))
}

// clock writes a moment as finely as the steps between its like are.
func clock(t time.Time, step time.Duration) string {
	switch {
	case step < time.Second:
		return t.UTC().Format("15:04:05.0")
	case step < time.Minute:
		return t.UTC().Format("15:04:05")
	}
	return t.UTC().Format("15:04")
}

// days names the day or days of a range, for what the clock leaves out.
func days(from, to time.Time) string {
	a, b := from.UTC().Format(time.DateOnly), to.UTC().Format(time.DateOnly)
	if a == b {
		return a
	}
	return a + " to " + b
}
