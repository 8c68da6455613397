package chart

import (
	"math"
	"strings"
	"testing"
	"time"
)

func labels(ticks []tick) string {
	var out []string
	for _, t := range ticks {
		out = append(out, t.label)
	}
	return strings.Join(out, " | ")
}

func TestValueTicks(t *testing.T) {
	for name, c := range map[string]struct {
		span  span
		share bool
		want  string
	}{
		"small":      {span{0.24, 0.53}, false, "0.25 | 0.30 | 0.35 | 0.40 | 0.45 | 0.50"},
		"from zero":  {span{0, 1}, false, "0.0 | 0.2 | 0.4 | 0.6 | 0.8 | 1.0"},
		"shares":     {span{0, 0.0161}, true, "0.0 % | 0.5 % | 1.0 % | 1.5 %"},
		"all":        {span{0, 1.05}, true, "0 % | 20 % | 40 % | 60 % | 80 % | 100 %"},
		"whole":      {span{0, 950}, false, "0 | 200 | 400 | 600 | 800"},
		"millions":   {span{0, 3.1e6}, false, "0.0 M | 0.5 M | 1.0 M | 1.5 M | 2.0 M | 2.5 M | 3.0 M"},
		"giga":       {span{1.2e9, 1.3e9}, false, "1.20 G | 1.22 G | 1.24 G | 1.26 G | 1.28 G | 1.30 G"},
		"negative":   {span{-2, 2}, false, "-2 | -1 | 0 | 1 | 2"},
		"tiny":       {span{0, 3e-9}, false, "0 | 5e-10 | 1e-09 | 1.5e-09 | 2e-09 | 2.5e-09 | 3e-09"},
		"huge":       {span{0, 3e20}, false, "0 | 5e+19 | 1e+20 | 1.5e+20 | 2e+20 | 2.5e+20 | 3e+20"},
		"no range":   {span{1, 1}, false, ""},
		"huge share": {span{0, far}, true, "0 % | 2e+301 % | 4e+301 % | 6e+301 % | 8e+301 % | 1e+302 %"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := labels(valueTicks(c.span, c.share)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestRangesAreRounded(t *testing.T) {
	for name, c := range map[string]struct {
		in   span
		zero bool
		want span
	}{
		"near zero":     {span{0.4, 1}, false, span{0, 1.05}},
		"far from it":   {span{0.9, 1}, false, span{0.895, 1.005}},
		"asked for":     {span{0.9, 1}, true, span{0, 1.05}},
		"below zero":    {span{-1, -0.4}, false, span{-1.05, 0}},
		"both sides":    {span{-1, 1}, false, span{-1.1, 1.1}},
		"one value":     {span{5, 5}, false, span{4.45, 5.55}},
		"only zero":     {span{0, 0}, false, span{0, 0.105}},
		"nothing":       {nowhere(), false, span{0, 1}},
		"almost one":    {span{1, 1 + 1e-12}, false, span{0.89, 1.11}},
		"almost no one": {span{5e-324, 5e-324}, false, span{-0.11, 0.11}},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.in.rounded(c.zero, 0.05)
			if math.Abs(got.lo-c.want.lo) > 0.02 || math.Abs(got.hi-c.want.hi) > 0.02 {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestClockTicks(t *testing.T) {
	for name, c := range map[string]struct {
		from   time.Duration // after 12:00
		length time.Duration
		sample time.Duration
		want   string
	}{
		"half an hour":    {0, 30 * time.Minute, time.Minute, "12:00 | 12:05 | 12:10 | 12:15 | 12:20 | 12:25 | 12:30"},
		"not on a minute": {20 * time.Second, 3 * time.Minute, time.Minute, "12:01 | 12:02 | 12:03"},
		"three samples":   {0, 3 * time.Minute, time.Minute, "12:00 | 12:01 | 12:02 | 12:03"},
		"seconds":         {0, 40 * time.Second, 5 * time.Second, "12:00:00 | 12:00:05 | 12:00:10 | 12:00:15 | 12:00:20 | 12:00:25 | 12:00:30 | 12:00:35 | 12:00:40"},
		"shorter":         {0, time.Second, 100 * time.Millisecond, "12:00:00.0 | 12:00:00.2 | 12:00:00.4 | 12:00:00.6 | 12:00:00.8 | 12:00:01.0"},
		"over midnight":   {10 * time.Hour, 4 * time.Hour, time.Minute, "22:00 | 22:30 | 23:00 | 23:30 | 01-03 | 00:30 | 01:00 | 01:30 | 02:00"},
		"days":            {0, 5 * day, time.Hour, "01-03 | 01-04 | 01-05 | 01-06 | 01-07"},
	} {
		t.Run(name, func(t *testing.T) {
			ticks := clockTicks(began, span{c.from.Seconds(), (c.from + c.length).Seconds()}, c.sample)
			if got := labels(ticks); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	if n := len(clockTicks(began, span{0, (250 * 365 * day).Seconds()}, time.Minute)); n < 2 || n > 9 {
		t.Errorf("centuries have %d ticks", n)
	}
}

func TestDays(t *testing.T) {
	if got := days(began, began.Add(time.Hour)); got != "2026-01-02" {
		t.Error(got)
	}
	east := time.FixedZone("east", 14*3600) // where it is the next day already
	if got := days(began.In(east), began.Add(12*time.Hour).In(east)); got != "2026-01-02 to 2026-01-03" {
		t.Error(got)
	}
}
