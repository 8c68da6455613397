package answer

import (
	"math"
	"strconv"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// TimeUnit is what times that are numbers count since 1970. It is a setting of sources
// whose servers or files may have any.
type TimeUnit string

// The units. TimeAuto takes the one with which a time lies between 1973 and 5138.
const (
	TimeAuto         TimeUnit = "auto"
	TimeSeconds      TimeUnit = "s"
	TimeMilliseconds TimeUnit = "ms"
	TimeMicroseconds TimeUnit = "us"
	TimeNanoseconds  TimeUnit = "ns"
)

// Moment is the time that a number stands for, to the microsecond. One that is far from
// today is an error: it counts something else.
func (u TimeUnit) Moment(n float64) (time.Time, *analysis.Error) {
	micros := n
	size := math.Abs(n)
	switch {
	case u == TimeNanoseconds || u == TimeAuto && size >= 1e17:
		micros /= 1e3
	case u == TimeMicroseconds || u == TimeAuto && size >= 1e14:
	case u == TimeMilliseconds || u == TimeAuto && size >= 1e11:
		micros *= 1e3
	default:
		micros *= 1e6
	}
	text := strconv.FormatFloat(n, 'f', -1, 64)
	if !(math.Abs(micros) < 1e18) { // NaN too
		return time.Time{}, analysis.Errorf(analysis.Invalid, "%s is not a time", text)
	}
	return likely(time.UnixMicro(int64(math.Round(micros))), text)
}

// Parse reads a time: a number, or RFC 3339.
func (u TimeUnit) Parse(text string) (time.Time, *analysis.Error) {
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return u.Moment(n)
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, analysis.Errorf(analysis.Invalid, "%q is not a time", text).
			WithHint("seconds or milliseconds since 1970, or RFC 3339: 2024-05-01T12:00:00Z").Because(err)
	}
	return likely(t, text)
}

// likely refuses times that nobody keeps metrics of.
func likely(t time.Time, text string) (time.Time, *analysis.Error) {
	if year := t.UTC().Year(); year < 1980 || year >= 2200 {
		return t, analysis.Errorf(analysis.Invalid, "%s is a time in the year %d", text, year).WithHint("time_unit: s or ms")
	}
	return t, nil
}
