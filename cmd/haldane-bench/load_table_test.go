package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTableAndPlotOfLoads(t *testing.T) {
	dir := t.TempDir()
	file, picture := filepath.Join(dir, "results"), filepath.Join(dir, "plot.svg")
	var text strings.Builder
	for _, r := range []loadResult{
		{loadCase: loadCase{"postgres", 2, 10_000, 5}, Lag: spread{P50: 0.3, P99: 1.5, Max: 12.2}, Cores: 0.7, ServerCores: 0.2},
		{loadCase: loadCase{"sqlite", 1, 10_000, 5}, Lag: spread{P99: 9}, Missed: 7},
		{loadCase: loadCase{"sqlite", 1, 1000, 20}, Lag: spread{P99: 1}},
		{loadCase: loadCase{"sqlite", 1, 1000, 5}, Restart: &restartTimes{Ready: 0.25, Stop: 1.5}},
		{
			loadCase: loadCase{"sqlite", 1, 10_000, 5}, Lag: spread{P50: 0.25, P99: 1.04, Max: 2}, Expected: 100_000, Cores: 1.1, CPUPerLook: 0.0033,
			MiB: 411.6, QueriesPerLook: 14, WrittenPerLook: 3072, GrowthPerLook: 512, Rollbacks: rollbacksSeen{Late: spread{P50: 0.02, P99: 0.1}},
		},
	} {
		line, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(append(line, '\n'))
	}
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := bench("load", "-table", file, "-plot", picture)
	if code != exitOK || stderr != "" {
		t.Fatalf("status %d: %s", code, stderr)
	}
	want := `| database | runs | metrics | lag p50 / p99 / max | missed | cores | CPU a look | queries a look | memory | written a look | growth a look | verdict to webhook p50 / p99 | ready after | stopped after |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| SQLite | 1,000 | 5 | 0 / 0 / 0 s | 0 of 0 | 0 | 0 ms | 0 | 0 MiB | 0 KiB | 0 KiB | 0 / 0 s | 0.25 s | 1.5 s |
| SQLite | 10,000 | 5 | 0.25 / 1.0 / 2.0 s | 0 of 100,000 | 1.1 | 3.3 ms | 14 | 412 MiB | 3.0 KiB | 0.50 KiB | 0.02 / 0.10 s |  |  |
| SQLite | 1,000 | 20 | 0 / 1.0 / 0 s | 0 of 0 | 0 | 0 ms | 0 | 0 MiB | 0 KiB | 0 KiB | 0 / 0 s |  |  |
| PostgreSQL, 2 replicas | 10,000 | 5 | 0.30 / 1.5 / 12 s | 0 of 0 | 0.70 + 0.20 | 0 ms | 0 | 0 MiB | 0 KiB | 0 KiB | 0 / 0 s |  |  |
`
	if stdout != want {
		t.Errorf("got:\n%s\nwant:\n%s", stdout, want)
	}
	drawn, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for d := xml.NewDecoder(strings.NewReader(string(drawn))); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not XML: %v", err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "polyline" {
			lines++
		}
	}
	if lines != 4 || strings.Contains(string(drawn), "NaN") || strings.Contains(string(drawn), "20 metrics") {
		t.Errorf("%d lines in the drawing:\n%s", lines, drawn)
	}
	if err := os.WriteFile(file, []byte("{}\nnothing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := bench("load", "-table", file); code != exitTrouble || !strings.Contains(stderr, "line 2") {
		t.Errorf("status %d: %s", code, stderr)
	}
}

func TestLargest(t *testing.T) {
	for _, truth := range []int{0, 1, 2, 999, 1000, 1001, 34_567} {
		tries := 0
		borne, not, err := largest(1000, func(n int) (bool, error) { tries++; return n <= truth, nil })
		if err != nil || borne > truth || not <= truth || not-borne > max(1, borne/10) || tries > 20 {
			t.Errorf("%d: between %d and %d after %d tries, %v", truth, borne, not, tries, err)
		}
	}
	if _, _, err := largest(1, func(int) (bool, error) { return false, io.EOF }); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

func TestNumbersForPeople(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -999: "-999"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
	for v, want := range map[float64]string{0: "0", 0.004: "0.00", 0.25: "0.25", 0.996: "1.0", 9.94: "9.9", 9.96: "10", 123.4: "123"} {
		if got := short(v); got != want {
			t.Errorf("%g: %s", v, got)
		}
	}
	for top, want := range map[float64]float64{0: 1, 2.5: 0.5, 1: 0.2, 15: 5, 3: 1, 700: 100, 0.06: 0.01} {
		if got := tidyStep(top); math.Abs(got-want) > 1e-9 {
			t.Errorf("up to %g: %g", top, got)
		}
	}
}
