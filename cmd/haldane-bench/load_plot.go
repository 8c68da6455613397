package main

import (
	"fmt"
	"math"
	"os"
	"strings"
)

// loadPanel is one of the plot's drawings: a figure by the number of runs.
type loadPanel struct {
	title string
	value func(r *loadResult) float64
	limit float64 // a line that should not be crossed; 0 for none
}

var loadPanels = []loadPanel{
	{"lag of a look, p99, seconds", func(r *loadResult) float64 { return r.Lag.P99 }, mostLag},
	{"cores busy, of daemon and database", func(r *loadResult) float64 { return r.Cores + r.ServerCores }, 0},
}

// The lines differ in dashes too, for those who do not see the colours.
var loadStrokes = []struct{ color, dashes string }{{"#1f5fa8", "none"}, {"#d9730d", "8 3"}, {"#3f8f4f", "2 3"}, {"#777777", "none"}}

// The size of a panel, and of the space around its axes.
const (
	panelWidth, panelHeight               = 450.0, 320.0
	panelLeft, panelRight, panelTop, foot = 52.0, 14.0, 30.0, 44.0
)

// loadPlot draws results by their number of runs, a line for each database. Only those
// with the number of metrics that most of them have are drawn.
func loadPlot(file string, all []loadResult) error {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g" font-family="sans-serif" font-size="12">`+"\n",
		panelWidth*float64(len(loadPanels)), panelHeight, panelWidth*float64(len(loadPanels)), panelHeight)
	b.WriteString(`<rect width="100%" height="100%" fill="#ffffff"/>` + "\n")
	lines := loadLines(all)
	for i, p := range loadPanels {
		fmt.Fprintf(&b, `<g transform="translate(%g 0)">`+"\n", panelWidth*float64(i))
		p.draw(&b, lines)
		b.WriteString("</g>\n")
	}
	b.WriteString("</svg>\n")
	return os.WriteFile(file, []byte(b.String()), 0o644) //nolint:gosec // a picture for others to see
}

// loadLines sorts results, which are in order, into lines.
func loadLines(all []loadResult) (lines [][]loadResult) {
	count, metrics := map[int]int{}, 0
	for i := range all {
		m := all[i].Metrics
		if count[m]++; count[m] > count[metrics] {
			metrics = m
		}
	}
	for i := range all {
		if all[i].Metrics != metrics {
			continue
		}
		if n := len(lines); n == 0 || lines[n-1][0].name() != all[i].name() {
			lines = append(lines, nil)
		}
		lines[len(lines)-1] = append(lines[len(lines)-1], all[i])
	}
	return lines
}

// draw draws a panel: logarithmic from left to right, from 0 upwards.
func (p loadPanel) draw(b *strings.Builder, lines [][]loadResult) {
	from, to, top := math.Inf(1), 0.0, p.limit
	for _, line := range lines {
		for i := range line {
			n := float64(line[i].Runs)
			from, to, top = min(from, n), max(to, n), max(top, p.value(&line[i]))
		}
	}
	from, to = math.Log(from/1.2), math.Log(to*1.2)
	step := tidyStep(top * 1.25)
	top = step * math.Ceil(top*1.25/step) // room for the names
	x := func(n float64) float64 {
		return panelLeft + (math.Log(n)-from)/(to-from)*(panelWidth-panelLeft-panelRight)
	}
	y := func(v float64) float64 { return panelHeight - foot - v/top*(panelHeight-foot-panelTop) }
	text := func(x, y float64, anchor, words string) {
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="#333333">%s</text>`+"\n", x, y, anchor, words)
	}
	rule := func(v float64, style string) {
		fmt.Fprintf(b, `<path d="M%.1f %.1fH%.1f" %s/>`+"\n", panelLeft, y(v), panelWidth-panelRight, style)
	}
	text(panelLeft, 18, "start", p.title)
	text((panelLeft+panelWidth-panelRight)/2, panelHeight-8, "middle", "runs at the same time")
	for v := 0.0; v < top+step/2; v += step {
		rule(v, `stroke="#dddddd"`)
		text(panelLeft-6, y(v)+4, "end", fmt.Sprintf("%.3g", v))
	}
	for decade := 1; decade <= 1_000_000; decade *= 10 {
		for _, n := range []int{decade, 3 * decade} {
			if l := math.Log(float64(n)); l >= from && l <= to {
				text(x(float64(n)), panelHeight-foot+17, "middle", grouped(n))
			}
		}
	}
	if p.limit > 0 {
		rule(p.limit, `stroke="#b00020" stroke-dasharray="4 4"`)
	}
	for i, line := range lines {
		s := loadStrokes[i%len(loadStrokes)]
		stroke := fmt.Sprintf(`stroke="%s" stroke-dasharray="%s" stroke-width="2" fill="none"`, s.color, s.dashes)
		var points []string
		for k := range line {
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(float64(line[k].Runs)), y(p.value(&line[k]))))
		}
		fmt.Fprintf(b, `<polyline points="%s" %s/>`+"\n", strings.Join(points, " "), stroke)
		for _, at := range points {
			cx, cy, _ := strings.Cut(at, ",")
			fmt.Fprintf(b, `<circle cx="%s" cy="%s" r="3" fill="%s"/>`+"\n", cx, cy, s.color)
		}
		row := panelTop + 10 + 16*float64(i)
		fmt.Fprintf(b, `<path d="M%.1f %.1fh24" %s/>`+"\n", panelLeft+8, row-4, stroke)
		text(panelLeft+38, row, "start", fmt.Sprintf("%s, %d metrics a run", line[0].name(), line[0].Metrics))
	}
}

// tidyStep is between the lines of a scale up to so much: 1, 2 or 5 of a power of ten.
func tidyStep(top float64) float64 {
	if top <= 0 {
		return 1
	}
	decade := math.Pow(10, math.Floor(math.Log10(top/3)))
	for _, n := range []float64{1, 2, 5} {
		if top/(n*decade) <= 7 {
			return n * decade
		}
	}
	return 10 * decade
}
