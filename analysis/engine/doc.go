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
// Several engines may share a store (replica.go). When one is killed, its looks and
// deliveries go on elsewhere in less than 36 seconds: it was seen last at most 10 s
// before it died, counts as dead 30 s after that, others look for the dead every 5 s,
// and a look's job is found within half a second: 30 + 5 + 0.5 at most. River's own
// rescue would take up to 50 s for the longest job, 30 s for its interval, 21 s for
// another leader and 20 s for the retry. Two that are at the same work may both finish
// it: of a look one commits, behind the run's revision; of a delivery both requests
// carry its id, and one is recorded.
//
// Clocks: a look or a deadline goes by the replica's clock. One that jumps forward ends
// looks as undecided and deliveries as too late, and somebody is told; what it made in
// the future, the reconciler wakes when the clock is back. A run that began by a wrong
// clock keeps its times: it waits for them, because what a metric store knows of other
// times would not be its release. Nothing of that can fail a good release.
//
// It imports analysis, judge and store. Sources, actions and plans reach it
// through a Setup, which the daemon makes from the config and may replace at any
// time.
package engine
