package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// deployTool receives rollbacks. It does what any receiver should: it checks the
// signature, recognises a repeat by its id, and rolls back to the version it is
// told, never "one back".
type deployTool struct {
	verifier *standardwebhooks.Webhook
	rollBack func(r rollback)

	mu   sync.Mutex
	seen map[string]rollback
}

// rollback is what the tool reads of a webhook.
type rollback struct {
	ID      string
	Service string
	From    string
	To      string
	Reason  string
	Runbook string
}

func newDeployTool(secret string, do func(rollback)) (*deployTool, error) {
	v, err := standardwebhooks.NewWebhook(secret)
	return &deployTool{verifier: v, rollBack: do, seen: map[string]rollback{}}, err
}

// received returns how many different rollbacks came in.
func (d *deployTool) received() []rollback {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []rollback
	for _, r := range d.seen {
		out = append(out, r)
	}
	return out
}

func (d *deployTool) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err == nil {
		err = d.verifier.Verify(body, r.Header)
	}
	if err != nil {
		http.Error(w, "signature: "+err.Error(), http.StatusUnauthorized)
		return
	}
	var event struct {
		Data struct {
			Run struct {
				Service string `json:"service"`
			} `json:"run"`
			Rollback struct{ From, To string } `json:"rollback"`
			Reason   string                    `json:"reason"`
			Runbook  string                    `json:"runbook"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &event); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	x := rollback{
		ID: r.Header.Get("webhook-id"), Service: event.Data.Run.Service, From: event.Data.Rollback.From,
		To: event.Data.Rollback.To, Reason: event.Data.Reason, Runbook: event.Data.Runbook,
	}
	d.mu.Lock()
	_, again := d.seen[x.ID]
	d.seen[x.ID] = x
	d.mu.Unlock()
	if !again {
		d.rollBack(x)
	}
	fmt.Fprintf(w, "rolling %s back to %s", x.Service, x.To)
}
