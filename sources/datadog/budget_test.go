package datadog

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// noon begins an hour and a minute.
func noon() time.Time { return time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC) }

// headers are those of a limit of 100 an hour, of which some are left, until a reset.
func headers(left, reset string) http.Header {
	h := http.Header{}
	for name, value := range map[string]string{"Limit": "100", "Period": "3600", "Remaining": left, "Reset": reset, "Name": "query"} {
		if value != "" {
			h.Set("X-RateLimit-"+name, value)
		}
	}
	return h
}

// TestWhatHeadersSay plays answers to a budget and looks at what it believes is left.
func TestWhatHeadersSay(t *testing.T) {
	type answer struct {
		at     time.Duration // after noon
		status int
		h      http.Header
	}
	ok := http.StatusOK
	tests := map[string]struct {
		answers []answer
		left    int
		reset   time.Duration // after noon
	}{
		"one answer": {[]answer{{0, ok, headers("42", "1800")}}, 42, 30 * time.Minute},
		"in order":   {[]answer{{0, ok, headers("42", "1800")}, {time.Second, ok, headers("41", "1799")}}, 41, 30 * time.Minute},
		"overtaken":  {[]answer{{0, ok, headers("41", "1800")}, {time.Second, ok, headers("42", "1799")}}, 41, 30 * time.Minute},
		"seconds that do not fit": {
			[]answer{{0, ok, headers("42", "1800")}, {1400 * time.Millisecond, ok, headers("41", "1799")}}, 41, 30*time.Minute + 400*time.Millisecond,
		},
		"the next period": {[]answer{{0, ok, headers("2", "60")}, {70 * time.Second, ok, headers("99", "3590")}}, 99, 61 * time.Minute},
		"the next period before its time": {
			[]answer{{0, ok, headers("2", "60")}, {59 * time.Second, ok, headers("99", "3601")}}, 99, 61 * time.Minute,
		},
		"late, of the period before": {
			[]answer{{0, ok, headers("2", "60")}, {61 * time.Second, ok, headers("99", "3599")}, {62 * time.Second, ok, headers("1", "0")}}, 99, 61 * time.Minute,
		},
		"too many":                       {[]answer{{0, 429, headers("3", "1800")}}, 0, 30 * time.Minute},
		"too many, by the period alone":  {[]answer{{0, 429, headers("", "")}}, 0, time.Hour},
		"too many, and no word of limit": {[]answer{{0, 429, http.Header{}}}, 0, unknownWait},
		"too many, by Retry-After":       {[]answer{{0, 429, http.Header{"Retry-After": {"90"}}}}, 0, 90 * time.Second},
		"the later of both":              {[]answer{{0, 429, func() http.Header { h := headers("0", "30"); h.Set("Retry-After", "90"); return h }()}}, 0, 90 * time.Second},
		"an error that tells":            {[]answer{{0, 500, headers("7", "1800")}}, 7, 30 * time.Minute},
		"nothing":                        {[]answer{{0, ok, headers("42", "1800")}, {0, ok, http.Header{}}}, 42, 30 * time.Minute},
		"nonsense":                       {[]answer{{0, ok, headers("42", "1800")}, {0, ok, headers("-1", "soon")}, {0, ok, headers("1e9", "")}}, 42, 30 * time.Minute},
		"a reset in a year":              {[]answer{{0, ok, headers("42", "31536000")}}, 42, time.Hour},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBudget("/api/v2/query/timeseries")
			last := noon()
			for _, a := range tt.answers {
				last = noon().Add(a.at)
				b.hear(a.status, a.h, last)
			}
			got := b.shown(last)
			if len(got) != 1 || got[0].Remaining != tt.left || got[0].Reset.Sub(noon()) != tt.reset {
				t.Errorf("%+v, want %d left until %s after noon", got, tt.left, tt.reset)
			}
		})
	}
}

func TestBudgetShown(t *testing.T) {
	b := newBudget("/api/v1/query")
	if got := b.shown(noon()); len(got) != 0 {
		t.Errorf("before the first answer: %+v", got)
	}
	b.hear(200, headers("42", "1800"), noon())
	want := analysis.Budget{Name: "query", Limit: 100, Remaining: 42, Reset: noon().Add(30 * time.Minute)}
	if got := b.shown(noon()); len(got) != 1 || got[0] != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	want.Remaining, want.Reset = 100, noon().Add(150*time.Minute)
	if got := b.shown(noon().Add(2 * time.Hour)); len(got) != 1 || got[0] != want {
		t.Errorf("two hours later: %+v, want %+v", got, want)
	}
	h := headers("5", "10")
	h.Del("X-RateLimit-Name")
	b.hear(200, h, noon())
	if got := b.shown(noon()); len(got) != 2 || got[1].Name != "/api/v1/query" {
		t.Errorf("a limit without a name: %+v", got)
	}
}

// asks admits a caller and says how long it was told to wait; 0 for not at all.
func asks(t *testing.T, b *budget, who string, now time.Time) time.Duration {
	t.Helper()
	done, err := b.admit(callerOf([]string{who}), 1, now)
	if err == nil {
		done()
		return 0
	}
	if err.Kind != analysis.Limited || err.RetryAfter <= 0 {
		t.Errorf("refused by %#v", err)
	}
	return err.RetryAfter
}

// TestSlots: 25 of 100 are left at noon, for half an hour; 5 of them are the reserve. So
// one goes every 90 seconds, and each caller has a turn of its own.
func TestSlots(t *testing.T) {
	b := newBudget("query")
	b.hear(200, headers("25", "1800"), noon())
	for i, want := range []time.Duration{0, 90 * time.Second, 180 * time.Second, 270 * time.Second} {
		if got := asks(t, b, string(rune('a'+i)), noon()); got != want {
			t.Errorf("caller %d waits %s, want %s", i, got, want)
		}
		b.hear(200, headers("24", "1800"), noon()) // of the first
	}
	if got := asks(t, b, "c", noon().Add(time.Minute)); got != 2*time.Minute {
		t.Errorf("too early: %s, want the rest of its time", got)
	}
	if got := asks(t, b, "b", noon().Add(90*time.Second)); got != 0 {
		t.Errorf("at its turn: %s", got)
	}
	b.hear(200, headers("23", "1710"), noon().Add(90*time.Second))
	if got := asks(t, b, "a", noon().Add(90*time.Second)); got != 270*time.Second {
		t.Errorf("once more, behind the two that wait: %s", got)
	}
}

// TestBeyondThePeriod: two are left besides the reserve, and five want them. The others
// come back in the next hour, spread over it as 95 an hour are.
func TestBeyondThePeriod(t *testing.T) {
	b := newBudget("query")
	b.share = 0.5
	b.hear(200, headers("7", "100"), noon())
	each := time.Hour / 95
	next := 100*time.Second + early + each/2
	for i, want := range []time.Duration{0, 50 * time.Second, next, next + each, next + 2*each} {
		got := asks(t, b, string(rune('a'+i)), noon())
		b.limits[0].left = min(b.limits[0].left, 6) // the first is through
		if want = min(want, atMost); got != want {
			t.Errorf("caller %d waits %s, want %s", i, got, want)
		}
	}
}

// TestLastSecond: just before a period ends nobody is let through above the limit.
func TestLastSecond(t *testing.T) {
	b := newBudget("query")
	b.hear(200, headers("5", "1"), noon())
	if got := asks(t, b, "a", noon().Add(900*time.Millisecond)); got == 0 {
		t.Error("let through with the reserve alone")
	}
}

// TestReserve: what runs may not have any more, a check may; when nothing at all is left
// not even that.
func TestReserve(t *testing.T) {
	b := newBudget("query")
	b.hear(200, headers("5", "1800"), noon())
	if asks(t, b, "a", noon()) == 0 {
		t.Error("a run takes of the reserve")
	}
	if err := b.exhausted(noon()); err != nil {
		t.Errorf("a check is refused: %v", err)
	}
	b.hear(200, headers("0", "1800"), noon())
	err := b.exhausted(noon())
	if err == nil || err.Kind != analysis.Limited || err.RetryAfter != 30*time.Minute {
		t.Errorf("with nothing left: %v", err)
	}
	if err := b.exhausted(noon().Add(30 * time.Minute)); err != nil {
		t.Errorf("in the next period: %v", err)
	}
}

// TestManyRequestsAtOnce: a window that takes several requests waits for as many, and
// one that takes more than there ever are for all of them.
func TestManyRequestsAtOnce(t *testing.T) {
	b := newBudget("query")
	b.hear(200, headers("12", "1800"), noon())
	if _, err := b.admit(callerOf([]string{"a"}), 8, noon()); err == nil {
		t.Error("8 of 7 are let through")
	}
	done, err := b.admit(callerOf([]string{"a"}), 8, noon().Add(32*time.Minute))
	if err != nil {
		t.Fatalf("in the next period: %v", err)
	}
	done()
	if _, err := b.admit(callerOf([]string{"huge"}), 500, noon().Add(91*time.Minute)); err != nil {
		t.Errorf("more than a limit ever allows: %v", err)
	}
}

// TestOnTheWay: requests without an answer count as used.
func TestOnTheWay(t *testing.T) {
	b := newBudget("query")
	b.hear(200, headers("26", "1800"), noon())
	done, err := b.admit(callerOf([]string{"a"}), 1, noon())
	if err != nil || b.plenty() {
		t.Fatalf("error %v; with one of 26 on its way there is not plenty left", err)
	}
	done()
	done()
	if !b.plenty() || b.pledged != 0 {
		t.Errorf("%d are on their way after all are done", b.pledged)
	}
}

// TestCallers are recognised whatever the window, and when they ask less than before.
func TestCallers(t *testing.T) {
	same := [][2][]string{
		{{"a", "b"}, {"b", "a"}},
		{{"a", "b"}, {"b"}},
		{{"a{t:2024-05-01T12:00:00Z}"}, {"a{t:2024-05-01T12:00:30Z}"}},
		{{"a{after:1714564800}"}, {"a{after:1714564830}"}},
		{{"a{after:1714564800000}"}, {"a{after:1714564830000}"}},
	}
	other := [][2][]string{
		{{"a"}, {"b"}},
		{{"a", "shared"}, {"b", "shared"}},
		{{"a{version:1.4.2}"}, {"a{version:1.4.3}"}},
		{{"a{version:20240501}"}, {"a{version:20240502}"}},
	}
	for i, pairs := range [][][2][]string{same, other} {
		for _, p := range pairs {
			b := newBudget("query")
			b.hear(200, headers("4", "1800"), noon())
			for _, texts := range p {
				if _, err := b.admit(callerOf(texts), 1, noon()); err == nil {
					t.Fatal("let through")
				}
			}
			if got := len(b.queue); got != i+1 {
				t.Errorf("%q: %d places in the queue, want %d", p, got, i+1)
			}
		}
	}
}

// TestSentences are what people read while a run waits.
func TestSentences(t *testing.T) {
	hourly := func(left string) *budget {
		b := newBudget("query")
		h := headers(left, "1800")
		h.Set("X-RateLimit-Limit", "1600")
		b.hear(200, h, noon())
		return b
	}
	waits := func(b *budget) string {
		for range 2 {
			if _, err := b.admit(callerOf([]string{"z"}), 1, noon()); err != nil {
				return err.Error()
			}
			if _, err := b.admit(callerOf([]string{"a"}), 1, noon()); err != nil {
				return err.Error()
			}
		}
		return ""
	}
	if got, want := waits(hourly("90")), "its organisation's limit of 1600 requests an hour is nearly used up (90 left, new ones at 12:30:00 UTC); this look waits until 12:03:00 UTC"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := waits(hourly("0")), "its organisation's limit of 1600 requests an hour is used up (new ones at 12:30:00 UTC); this look waits until 12:30:0"; !strings.HasPrefix(got, want) {
		t.Errorf("got  %s\nwant %s...", got, want)
	}
	unknown := newBudget("query")
	unknown.hear(429, http.Header{}, noon())
	if got, want := waits(unknown), "its organisation's limit is used up (new ones at 12:01:00 UTC); this look waits until 12:01:0"; !strings.HasPrefix(got, want) {
		t.Errorf("got  %s\nwant %s...", got, want)
	}
	for period, want := range map[time.Duration]string{time.Minute: "a minute", 24 * time.Hour: "a day", 10 * time.Second: "in 10s"} {
		if got := each(period); got != want {
			t.Errorf("%s is %q, want %q", period, got, want)
		}
	}
}
