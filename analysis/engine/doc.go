// Package engine holds the moving parts: it starts runs, looks, concludes,
// delivers, obeys the guard rails, and repairs what a crash left. Nothing else in
// the house owns a loop.
//
// The way of one analysis is Start (start.go) -> Look (look.go) -> conclude
// (conclude.go) -> Deliver (deliver.go). Each is a plain function over the store:
// it reads, does its slow part without a transaction, and commits in one, behind
// the fence of the row it changes. The queue only calls them; the reconciler
// (reconcile.go) makes sure that somebody does.
//
// It imports analysis, judge and store. Sources, actions and plans reach it
// through a Setup, which the daemon makes from the config and may replace at any
// time.
package engine
