// Package email is the action that tells people by mail, over SMTP: one thread a run,
// each message as HTML and as plain text.
//
// What it changes in the world: nothing but mailboxes. Safe to repeat: the Message-ID
// is made of the delivery's id, so a repeat is the same message, which most mail
// systems show once; the date is the event's. What is tried again: trouble on the way
// and replies 4xx of the server; final are 5xx. Never logged or returned: the password.
//
// A password is sent over TLS only, which the server must offer unless security says
// none. Later messages of a run answer the first one and keep its subject, so that
// mail programs show one thread.
//
// It imports analysis, config and actions/web. Start reading at email.go.
package email
