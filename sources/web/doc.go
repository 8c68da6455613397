// Package web is how a source reaches a server over HTTP: the settings that users have
// for it, credentials, TLS and proxies, requests at a time, tries with pauses inside the
// caller's deadline, and errors that say what is wrong without a secret. All vendors
// need it, so it is written once; what a vendor's protocol has of its own is told in a
// Vendor.
//
// It imports analysis and config. Start reading at client.go; the settings are in
// settings.go, and every rule about errors is in rules.go.
package web
