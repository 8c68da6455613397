// Package chart draws a run for people: what the canary and the baseline did over
// time, what was tolerated and when the verdict fell; and what a plan would have said
// of past windows. The same drawing is an SVG on a page and a PNG in a message.
//
// It knows samples and findings, not where they are kept nor who looks: it imports
// package analysis and gonum's drawing (vg, its fonts), nothing else of the house. The
// same input gives the same bytes. Names come from outside, so every text goes through
// plain (text.go) before it is drawn.
//
// Start reading at chart.go: Draw, Grid, DrawTimeline. picture.go says what a Picture
// holds and choose.go which ones of a run are worth looking at; points.go makes lines
// of samples, scale.go axes of ranges, layers.go draws.
package chart
