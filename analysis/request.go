package analysis

import "context"

type requestKey struct{}

// WithRequest returns a context of the request with an id: what is logged and recorded
// on its behalf carries the id.
func WithRequest(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// RequestOf returns the id of the request that a context belongs to, or "".
func RequestOf(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}
