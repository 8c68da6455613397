// Package web is how an action speaks with a vendor's API over HTTP: its address,
// credentials and TLS, names that are templates, and errors that say what is wrong
// without a secret. Vendors need it alike, so it is written once and knows none of
// them.
//
// It imports analysis and config. Start reading at client.go.
package web
