package prometheus

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"

	"github.com/prometheus/client_golang/api"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/sources/web"
)

// client carries api/v1's requests. api/v1 would post every query and hide status
// and headers of errors, so all of that is decided in web: api/v1 is only ever given
// answers with status 2xx.
//
// A client is for one question: it remembers what api/v1 does not read of the answer.
type client struct {
	web     *web.Client
	params  map[string]string // sent along
	partial bool              // the answer is: some of the servers behind this one are away
}

var _ api.Client = (*client)(nil)

// URL implements api.Client; here it is the path alone. The endpoints that are used
// have no arguments.
func (c *client) URL(endpoint string, _ map[string]string) *url.URL {
	return &url.URL{Path: endpoint}
}

// Do implements api.Client.
func (c *client) Do(ctx context.Context, posted *http.Request) (*http.Response, []byte, error) {
	form, err := io.ReadAll(posted.Body)
	if err != nil {
		return nil, nil, c.unsent(err)
	}
	params, err := url.ParseQuery(string(form))
	if err != nil {
		return nil, nil, c.unsent(err)
	}
	for name, value := range c.params {
		params.Set(name, value)
	}
	a, err := c.web.Send(ctx, web.Request{Path: posted.URL.Path, Params: params})
	if err != nil {
		return nil, nil, err
	}
	c.partial = isPartial(a.Body)
	return &http.Response{StatusCode: a.Status, Header: a.Header}, a.Body, nil
}

// isPartial finds the word of a VictoriaMetrics cluster that its answer may lack
// something. It stands before the data.
func isPartial(body []byte) bool {
	head, _, _ := bytes.Cut(body, []byte(`"data":`))
	return bytes.Contains(head, []byte(`"isPartial":true`))
}

func (c *client) unsent(err error) error {
	return analysis.Errorf(analysis.Internal, "%s: the query cannot be sent", c.web.Who()).Because(err)
}
