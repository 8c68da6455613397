// Package analysis is the vocabulary of Haldane: what a Plan, a Run, a Look, a
// Pair, a Finding, a Verdict, an Event and a Delivery are, and the interfaces
// between the parts (ports.go). It holds no behaviour beyond small rules that
// belong to a word, and it imports the standard library only, without net, os,
// sql or log: everything else in the house may import it.
//
// Start reading at run.go, then verdict.go, then ports.go.
package analysis
