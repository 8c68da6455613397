// Package grafana is the action that marks a run on Grafana's dashboards: an annotation
// from its start to its verdict, and on until the release has recovered, with tags by
// which dashboards show it.
//
// What it changes in the world: annotations of one Grafana. Safe to repeat: each
// annotation has a tag of its run, and a repeat looks for it before it makes another;
// what comes later changes the same annotation. What is tried again and what is final
// stands in config.Refused. Never logged or returned: the token.
//
// Dashboards show the annotations by an annotation query of the data source "Grafana"
// filtered by tags: haldane, service:checkout, environment:production, outcome:fail.
//
// It imports analysis, config and actions/web. Start reading at grafana.go.
package grafana
