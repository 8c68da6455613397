package chart

import (
	"bytes"
	"encoding/json"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// notice is what an event keeps of a run, after it was recorded and read again.
func (m *made) notice(t *testing.T, findings ...analysis.Finding) *analysis.Notice {
	t.Helper()
	n := analysis.Notice{Run: &m.run, Findings: append([]analysis.Finding{*m.finding}, findings...)}
	n.Evidence = analysis.EvidenceOf(&m.run.Snapshot, []analysis.Pair{m.pair}, n.Findings)
	b, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	var again analysis.Notice
	if err := json.Unmarshal(b, &again); err != nil {
		t.Fatal(err)
	}
	return &again
}

func TestOfNoticeDrawsWhatTheEventKept(t *testing.T) {
	m := newRun(analysis.Ratio, 40).worse(20, 3).ended(analysis.OutcomeFail, 40*time.Minute)
	m.finding.Since = 21
	other := analysis.Finding{Metric: "of another", Class: analysis.ClassNoData}
	ps := OfNotice(m.notice(t, other))
	if len(ps) != 1 {
		t.Fatalf("%d pictures, want that of the pair alone", len(ps))
	}
	p := ps[0]
	if p.title() != "checkout: p99 - canary 2.0.1 against 1.9.4" || p.Metric.Kind != analysis.Ratio || p.Tolerance.Relative != 0.1 {
		t.Errorf("picture %q of %+v", p.title(), p.Metric)
	}
	want := []Mark{
		{At: began.Add(20 * time.Minute), Text: "change began"},
		{At: began.Add(40 * time.Minute), Text: "failed", Firm: true},
	}
	if len(p.Marks) != 2 || !p.Marks[0].At.Equal(want[0].At) || !p.Marks[1].At.Equal(want[1].At) ||
		p.Marks[0].Text != want[0].Text || p.Marks[1].Text != want[1].Text || !p.Marks[1].Firm {
		t.Errorf("marks %+v, want %+v", p.Marks, want)
	}
	var out bytes.Buffer
	if err := Grid(&out, PNG, ps); err != nil {
		t.Fatal(err)
	}
	if img, err := png.Decode(&out); err != nil || img.Bounds().Dx() != 2*Width {
		t.Errorf("the picture is not one: %v", err)
	}
}

// TestOfNoticeOfALongRun: the oldest samples are not kept; where the change began stays
// where it was.
func TestOfNoticeOfALongRun(t *testing.T) {
	const n = analysis.EvidenceSteps + 100
	for _, c := range []struct {
		since int
		want  time.Duration // from the run's first sample; 0: no mark
	}{{301, 300 * time.Minute}, {50, 0}, {101, 0}, {102, 101 * time.Minute}, {0, 0}} {
		m := newRun(analysis.Gauge, n).worse(300, 2).ended(analysis.OutcomeFail, n*time.Minute)
		m.finding.Since = c.since
		ps := OfNotice(m.notice(t))
		if len(ps) != 1 || !ps[0].Pair.Start.Equal(began.Add(100*time.Minute)) {
			t.Fatalf("pictures %+v", ps)
		}
		var at time.Duration
		if marks := ps[0].Marks; len(marks) == 2 {
			at = marks[0].At.Sub(began)
		}
		if at != c.want {
			t.Errorf("since %d: marked after %s, want %s", c.since, at, c.want)
		}
	}
}

func TestOfNoticeWithoutSamples(t *testing.T) {
	m := newRun(analysis.Gauge, 5)
	for name, n := range map[string]*analysis.Notice{
		"none": nil, "no run": {Evidence: &analysis.Evidence{}}, "no evidence": {Run: &m.run}, "empty evidence": {Run: &m.run, Evidence: &analysis.Evidence{}},
	} {
		if ps := OfNotice(n); len(ps) != 0 {
			t.Errorf("%s: %d pictures", name, len(ps))
		}
	}
}

func TestAltSaysWhatIsDrawn(t *testing.T) {
	m := newRun(analysis.Gauge, 5)
	m.finding.Reason = "p99 rose\nby \x00 half"
	ps := OfNotice(m.notice(t))
	alt := Alt(ps)
	if !strings.Contains(alt, "checkout: p99 - canary 2.0.1 against 1.9.4: p99 rose") || strings.ContainsAny(alt, "\n\x00") {
		t.Errorf("alt text %q", alt)
	}
	if n := strings.Count(Alt([]Picture{ps[0], ps[0], ps[0], ps[0], ps[0]}), "checkout: p99"); n != GridSize {
		t.Errorf("%d pictures are described, a grid shows %d", n, GridSize)
	}
}
