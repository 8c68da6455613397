// Package github is the action that starts a workflow of GitHub Actions, which rolls
// back, or that writes a run's outcome to a deployment of GitHub.
//
// What it changes in the world, by its setting action:
//
//	dispatch           starts one run of a workflow by workflow_dispatch, with inputs
//	                   that name the version to go back to. Followed by the run's status
//	                   and conclusion. Safe to repeat only as far as GitHub lets it be
//	                   told: before a second try the workflow's runs are looked through.
//	                   One whose title has the delivery's id is the one (put the input
//	                   that is given {{.DeliveryID}} into run-name); if there are others
//	                   from that time only, it is refused rather than started twice.
//	deployment_status  tells only: adds a status to a deployment; a repeat adds another
//	                   one that says the same.
//
// What is tried again stands in config.Refused, and GitHub's rate limits, which it also
// answers with 403. Never logged or returned: the token.
//
// The token needs actions: write, or deployments: write. It imports analysis, config
// and actions/web. Start reading at github.go.
package github
