// Package jira is the action that keeps an issue in Jira Cloud about releases that
// failed or could not be judged: one open issue for a service and environment, found by
// its label, with a comment for all that happens later.
//
// What it changes in the world: issues and comments of one project. It closes none: that
// an issue is done is for people to say, and the next failure then opens another. Safe
// to repeat: the delivery's id stands at the end of what it writes, and a repeat looks
// for it first. Jira's search may need seconds until it knows a new issue, so a repeat
// that comes at once may make a second one. What is tried again and what is final stands
// in config.Refused. Never logged or returned: the token.
//
// It imports analysis, config and actions/web. Start reading at jira.go.
package jira
