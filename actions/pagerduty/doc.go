// Package pagerduty is the action that calls people through PagerDuty's Events API
// v2: an alert for a release that failed or could not be judged, resolved when it
// has recovered; and change events for everything that is only good to know.
//
// What it changes in the world: alerts and change events of one PagerDuty service.
// Safe to repeat: an alert's dedup_key is made of the run, so a repeat becomes an
// entry in the log of the same alert; a change event, which calls nobody, may
// appear twice. What is tried again and what is final stands in config.Refused.
// Never logged or returned: the routing key.
//
// What is sent for which event stands in event.go. Two rules behind it: news that
// needs nobody is never an alert, because a trigger whose alert somebody has closed
// would call them again; and news that needs somebody after the first alert (a
// rollback that failed, a release that did not recover) opens an alert of its own,
// because an alert that was acknowledged calls nobody any more.
//
// It imports analysis, config and actions/web. Start reading at pagerduty.go.
package pagerduty
