// Package cluster is how an action reaches the API of a Kubernetes cluster, and how it
// finds, among what the cluster still has, the pods of a named version.
//
// It speaks HTTP by hand: two kinds of requests do not need a client of 30 MB. It
// imports analysis, config and actions/web. Start reading at access.go.
package cluster
