package webhook

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

var _ analysis.Rehearser = (*Action)(nil)

// Rehearse implements analysis.Rehearser: the request is made and not sent. What may be a
// token in its path is left out, its query always is.
func (a *Action) Rehearse(ctx context.Context, d analysis.Delivery) (string, error) {
	req, err := a.request(ctx, d)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s %s%s, %d bytes", req.Method, req.URL.Host, shownPath(req.URL.EscapedPath()), req.ContentLength), nil
}

// shownPath is a path with its plain words only: "/hooks/.../undo". A word is shorter than
// a token that means anything, and has no digits and no capitals.
func shownPath(escaped string) string {
	segments := strings.Split(escaped, "/")
	for i, s := range segments {
		plain, err := url.PathUnescape(s)
		if err != nil || len(plain) >= 24 || strings.Trim(plain, "abcdefghijklmnopqrstuvwxyz-_") != "" {
			segments[i] = "..."
		}
	}
	return strings.Join(segments, "/")
}
