package store

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// ownError returns err's *analysis.Error, or nil for a foreign one.
func ownError(err error) *analysis.Error {
	var own *analysis.Error
	errors.As(err, &own)
	return own
}

// How Go values lie in columns: times as unix milliseconds, structures as JSON.

func millis(t time.Time) int64 { return t.UnixMilli() }

func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

func optMillis(t *time.Time) *int64 {
	if t == nil || t.IsZero() {
		return nil
	}
	ms := t.UnixMilli()
	return &ms
}

func optTime(ms *int64) *time.Time {
	if ms == nil {
		return nil
	}
	t := fromMillis(*ms)
	return &t
}

func zeroTime(ms *int64) time.Time {
	if ms == nil {
		return time.Time{}
	}
	return fromMillis(*ms)
}

func toInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// toJSON encodes what we ourselves made; that cannot fail.
func toJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("store: " + err.Error())
	}
	return string(b)
}

// optJSON is null for a nil pointer.
func optJSON[T any](v *T) *string {
	if v == nil {
		return nil
	}
	s := toJSON(v)
	return &s
}

func fromJSON(text string, v any) error { return json.Unmarshal([]byte(text), v) }

func fromOptJSON[T any](text *string) (*T, error) {
	if text == nil {
		return nil, nil
	}
	v := new(T)
	return v, fromJSON(*text, v)
}
