package answer

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/haldane-dev/haldane/analysis"
)

func TestTimes(t *testing.T) {
	noon := noon()
	for text, want := range map[string]time.Time{
		"1714564800":                     noon,
		"1714564800.25":                  noon.Add(250 * time.Millisecond),
		"1714564800000":                  noon,
		"1714564800000001":               noon.Add(time.Microsecond),
		"1714564800000000000":            noon,
		"1.7145648e9":                    noon,
		"2024-05-01T12:00:00Z":           noon,
		"2024-05-01T14:00:00+02:00":      noon,
		"2024-05-01T12:00:00.000001500Z": noon.Add(1500),
	} {
		if got, err := TimeAuto.Parse(text); err != nil || !got.Equal(want) {
			t.Errorf("%s is %s, error %v, want %s", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                     `"" is not a time (try: seconds or`,
		"noon":                 `"noon" is not a time`,
		"2024-05-01 12:00:00":  "is not a time",
		"NaN":                  "NaN is not a time",
		"inf":                  "+Inf is not a time",
		"1e300":                "is not a time",
		"7":                    "7 is a time in the year 1970 (try: time_unit: s or ms)",
		"-1714564800":          "in the year 1915",
		"9999-01-01T00:00:00Z": "in the year 9999",
	} {
		if got, err := TimeAuto.Parse(text); err == nil || err.Kind != analysis.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is %s, error %v, want one about %q", text, got, err, want)
		}
	}
	if _, err := TimeSeconds.Parse("1714564800000"); err == nil {
		t.Error("milliseconds are taken for seconds")
	}
}

// TestUnits reads the same moment in every unit, told and found out.
func TestUnits(t *testing.T) {
	units := map[TimeUnit]float64{TimeSeconds: 1, TimeMilliseconds: 1e3, TimeMicroseconds: 1e6, TimeNanoseconds: 1e9}
	rapid.Check(t, func(t *rapid.T) {
		second := rapid.Int64Range(400_000_000, 7_000_000_000).Draw(t, "second")
		for unit, size := range units {
			for _, u := range []TimeUnit{unit, TimeAuto} {
				got, err := u.Moment(float64(second) * size)
				if err != nil || math.Abs(float64(got.UnixMicro()-second*1e6)) > 1 {
					t.Fatalf("%d s in %s as %s: %s, error %v", second, unit, u, got, err)
				}
			}
		}
	})
}
