package daemon_test

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// TestStopWhileASourceHangs stops a daemon whose look waits for an answer that does not
// come: the look is given back, and nothing is recorded of it.
func TestStopWhileASourceHangs(t *testing.T) {
	w, prom := newWorld(t, "")
	w.stop()
	text, err := os.ReadFile(w.file)
	if err != nil {
		t.Fatal(err)
	}
	patient := strings.NewReplacer("timeout: 2s", "timeout: 25s", "duration: 1s", "duration: 5m").Replace(string(text))
	if err := os.WriteFile(w.file, []byte(patient), 0o600); err != nil {
		t.Fatal(err)
	}
	asked := make(chan bool, 100)
	prom.answer(func(_ http.ResponseWriter, r *http.Request) {
		asked <- true
		<-r.Context().Done()
	})
	w.start()
	run := w.begin(start)
	<-asked
	if err := w.d.Stop(context.Background()); err != nil {
		t.Error(err)
	}
	prom.answer(nil)
	w.start()
	run = w.until(run.ID, "looked at", func(r analysis.Run) bool { return r.Progress.Looks > 0 })
	events := w.send("GET", "/api/v1/runs/"+run.ID+"/events", "").body
	if strings.Contains(events, string(analysis.EventSourceTroubled)) {
		t.Errorf("a source is blamed that was not waited for: %s", events)
	}
	if strings.Contains(w.log.String(), "will be tried again") {
		t.Errorf("what was given back looks like trouble:\n%s", w.log)
	}
}

// TestStopWhileAReceiverHangs stops a daemon that cannot wait for a receiver any longer:
// after the next start the delivery is repeated, with the same id.
func TestStopWhileAReceiverHangs(t *testing.T) {
	w, prom := newWorld(t, "")
	arrived := make(chan bool, 1)
	w.hook.answerWith(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/undo" {
			arrived <- true
			<-r.Context().Done()
		}
	})
	prom.set(0.9)
	run := w.begin(start)
	<-arrived
	soon, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := w.d.Stop(soon); err != nil {
		t.Error(err)
	}
	w.hook.answerWith(nil)
	w.start()
	w.until(run.ID, "rolled back", func(r analysis.Run) bool { return r.Rollback.State == analysis.RollbackAccepted })
	w.hook.mu.Lock()
	defer w.hook.mu.Unlock()
	ids, tries := map[string]int{}, 0
	for _, r := range w.hook.got {
		if r.URL.Path == "/undo" {
			ids[r.Header.Get("Idempotency-Key")]++
			tries++
		}
	}
	if len(ids) != 1 || ids[""] > 0 || tries != 2 {
		t.Errorf("rollbacks by id: %v", ids)
	}
}

func (l *level) answer(serve http.HandlerFunc) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.serve = serve
}

func (r *receiver) answerWith(answer http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}
