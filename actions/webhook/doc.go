// Package webhook is the action that calls a URL: usually a deploy tool's, to roll
// a release back. It speaks Standard Webhooks, so any receiver can check who sent
// a request, and recognise one that it has seen.
//
// What it changes in the world: whatever the receiver does. Safe to repeat: every
// attempt of a delivery carries the same webhook-id and Idempotency-Key and, byte
// for byte, the same body. What is tried again and what is final stands in
// config.Refused; redirects are never followed. Never logged or returned: the
// URL's path and query, headers, secrets; the host may be shown.
//
// It imports analysis, config and actions/web. Start reading at webhook.go.
package webhook
