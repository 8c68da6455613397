package analysis

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Kind says what sort of trouble an Error is. It decides the HTTP status, whether
// a delivery is retried, and the label on metrics, in one table each.
type Kind string

// The kinds of trouble.
const (
	Invalid     Kind = "invalid"     // the caller's or operator's mistake: a wrong query, field or value
	NotFound    Kind = "not_found"   // no such plan, run, hold, source or action
	Conflict    Kind = "conflict"    // it contradicts what is already there
	NoData      Kind = "no_data"     // a source answered well and had nothing to say
	Denied      Kind = "denied"      // credentials missing, wrong or too weak
	Limited     Kind = "limited"     // a rate limit; RetryAfter may say until when
	Unavailable Kind = "unavailable" // the other side is down, slow or talks nonsense; try again later
	Internal    Kind = "internal"    // our own fault
)

// Error is the one error type of the house.
//
// Message and Hint are safe to show to anybody: lower case, "what failed: why",
// no secrets. Hint begins with "try:". Err is the cause for errors.Is and As; it
// is never printed, because errors of other libraries quote URLs and headers.
type Error struct {
	Kind       Kind          `json:"kind"`
	Message    string        `json:"message"`
	Hint       string        `json:"hint,omitempty"`
	Fields     []FieldError  `json:"fields,omitempty"` // with Invalid: what is wrong where, when it is known
	RetryAfter time.Duration `json:"-"`                // with Limited: how long the other side asked us to wait
	Err        error         `json:"-"`
}

// FieldError is one mistake in a request.
type FieldError struct {
	Field   string `json:"field"` // as in the request's JSON: "variables.region"
	Message string `json:"message"`
}

// Errorf makes an Error of a kind; the operand of %w becomes the cause. The text
// is shown to people, so a foreign error that may quote a URL or a header (every
// *url.Error does) must not be an operand: put it into plain words first, and
// keep it with Because.
func Errorf(kind Kind, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: kind, Message: err.Error(), Err: errors.Unwrap(err)}
}

// WithHint adds what to do now. The text must not repeat "try:".
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = "try: " + fmt.Sprintf(format, args...)
	return e
}

// Because keeps the cause without showing it.
func (e *Error) Because(err error) *Error {
	e.Err = err
	return e
}

// Error returns the message and, when there is one, the hint in brackets.
func (e *Error) Error() string {
	if e.Hint != "" {
		return e.Message + " (" + e.Hint + ")"
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// AsError gives any error the shape of an *Error. Deadlines become Unavailable,
// everything foreign becomes Internal with a message that quotes nothing.
func AsError(err error) *Error {
	var e *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded):
		return Errorf(Unavailable, "timed out").Because(err)
	case errors.Is(err, context.Canceled):
		return Errorf(Unavailable, "interrupted").Because(err)
	}
	return Errorf(Internal, "internal error").
		WithHint("look for the cause in Haldane's log").Because(err)
}

// KindOf returns the kind of an error: "" for nil, Internal for foreign errors.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	return AsError(err).Kind
}

// Is reports whether err is an *Error of this kind, so that
// errors.Is(err, analysis.NotFound) reads well.
func (e *Error) Is(target error) bool {
	k, ok := target.(Kind)
	return ok && e.Kind == k
}

// Error lets a Kind be the target of errors.Is.
func (k Kind) Error() string { return string(k) }
