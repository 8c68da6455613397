package teams

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Action posts through one workflow.
type Action struct {
	client *web.Client
	words  *config.Composer
}

var (
	_ analysis.Action  = (*Action)(nil)
	_ analysis.Checker = (*Action)(nil)
)

// Perform implements analysis.Action. The workflow answers 202 when it has begun; what
// becomes of the card then stands in its run history.
func (a *Action) Perform(ctx context.Context, d analysis.Delivery) (analysis.Receipt, error) {
	body, err := write(a.words.Compose(d))
	if err != nil {
		return analysis.Receipt{}, err
	}
	answer, err := a.client.Send(ctx, web.Request{Method: http.MethodPost, Body: body, Mark: d.ID})
	if err != nil {
		return analysis.Receipt{}, err
	}
	// A page is that of something in between. Of a connector's days comes an error
	// that is told with 200.
	said := bytes.TrimSpace(answer.Body)
	if bytes.HasPrefix(said, []byte("<")) || bytes.Contains(said, []byte("returned HTTP error")) {
		return analysis.Receipt{}, answer.Nonsense()
	}
	return analysis.Receipt{At: time.Now(), Text: "the workflow took the card", Done: true}, nil
}

// Check implements analysis.Checker: the host is reached. Anything more would post.
func (a *Action) Check(ctx context.Context) error { return a.client.Connect(ctx) }
