// Package answer puts what a server answered onto the grid of a query: which sample
// belongs to which step, what is missing and what is null, one series of several, and
// the errors and warnings that all vendors share.
//
// A Collector is made for a query; the samples of each series are added to it, part
// after part when a long window takes several requests, and Series returns the answer by
// the contract of analysis.Source.
//
// It imports analysis. Start reading at collector.go, then series.go; the arithmetic is in
// grid.go and fold.go.
package answer
