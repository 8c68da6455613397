// Package alertmanager is the action that raises alerts in Prometheus's Alertmanager,
// through its API v2: whoever routes, groups, silences and receives alerts there
// receives those about releases in the same way.
//
// What it changes in the world: alerts of one Alertmanager, or of all members of its
// cluster. Alertmanager forgets an alert that it does not hear of again, so the alerts
// of a run are sent again and again (resend) until the release has recovered, a later
// run says so, or keep is over. Safe to repeat: an alert is its labels, which do not
// change, so a repeat is the same alert. What is tried again and what is final stands
// in config.Refused; with several addresses it is enough that one takes the alerts.
// Never logged or returned: credentials and headers.
//
// Which event raises which alert stands in decide.go.
//
// It imports analysis, config and actions/web. Start reading at alertmanager.go.
package alertmanager
