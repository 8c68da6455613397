// Package faults lets everything around real haldane processes fail, and checks
// afterwards that nothing was lost and nothing was done twice.
//
// One round is a database, one replica or several, a Prometheus and a deploy tool
// that are played, some releases of which a third are bad, and a schedule of faults
// made from a seed. Start reading at round.go. world.go is what stands around the
// replicas (replica.go, proxy.go, metrics.go, receiver.go), schedule.go draws the
// faults that inject.go does, story.go collects what became of every release, and
// check.go says what must be so: it is the list of promises.
//
// It may import everything of the house; it speaks with the replicas over HTTP only.
package faults
