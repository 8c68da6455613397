package sourcetest

import (
	"fmt"
	"runtime"
	"testing"
)

// TestGoodSource runs the suite on a source without bugs, nothing left out.
func TestGoodSource(t *testing.T) { Exercise(t, plainVendor("")) }

// TestBugsAreFound switches the bugs on that sources really have had, and wants
// the case that is about it to fail.
func TestBugsAreFound(t *testing.T) {
	for bug, name := range map[string]string{
		"takes nulls for zero":            "nulls are not zero",
		"takes gaps for zero":             "gaps stay gaps",
		"takes nothing for zero":          "nothing at all",
		"takes NaN for missing":           "NaN and the infinities",
		"takes the start into the window": "part of what is there",
		"lets the last series win":        "several series",
		"leaves series in any order":      "all series",
		"drops warnings":                  "warnings",
		"takes a warning for silence":     "a warning instead of samples",
		"ignores the status":              "wrong credentials",
		"ignores errors inside 200":       "an error inside 200",
		"takes errors for no data":        "a broken server",
		"errors of its own type":          "a wrong query",
		"takes half an answer":            "an answer cut off on the way",
		"reads without limit":             "a huge answer",
		"follows redirects":               "a redirect",
		"asks again whatever it was":      "credentials that may not",
		"never asks again":                "trouble that passes",
		"shows secrets":                   "a chatty error",
		"adds a header again":             "credentials reach the server",
		"asks without limit":              "many at once",
		"asks although given up":          "given up before",
		"shares its answers":              "answers are the caller's",
		"is always well":                  "check",
		"does not quote":                  "quote",
		"links with the token":            "link",
	} {
		t.Run(bug, func(t *testing.T) {
			t.Parallel()
			found := failures(t, plainVendor(bug), name)
			if len(found) == 0 {
				t.Errorf("case %q does not find it", name)
			}
		})
	}
}

// failures runs one case and returns how it failed.
func failures(t *testing.T, v Vendor, name string) []string {
	t.Helper()
	for _, c := range cases() {
		if c.name != name {
			continue
		}
		tb := &recorder{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			runCase(tb, v, c)
		}()
		<-done
		return tb.failed
	}
	t.Fatalf("there is no case %q", name)
	return nil
}

// recorder notes failures instead of failing.
type recorder struct {
	testing.TB
	failed []string
}

func (r *recorder) Helper()           {}
func (r *recorder) Error(args ...any) { r.failed = append(r.failed, fmt.Sprint(args...)) }
func (r *recorder) Errorf(format string, args ...any) {
	r.failed = append(r.failed, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatal(args ...any) { r.Error(args...); runtime.Goexit() }
func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func TestCasesHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range cases() {
		if c.name == "" || seen[c.name] {
			t.Errorf("case %q: want a name of its own", c.name)
		}
		seen[c.name] = true
	}
}
