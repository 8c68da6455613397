package config_test

import (
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// TestDrillsSaySoFirst: whatever a drill sends begins with the word, nothing else does, and
// the rest of the message is the same.
func TestDrillsSaySoFirst(t *testing.T) {
	for _, typ := range []analysis.EventType{
		analysis.EventRunFailed, analysis.EventRollbackUpdated, analysis.EventDeliveryFailed, analysis.EventHoldEngaged,
		analysis.EventRollbackApproved, analysis.EventType("something.new"),
	} {
		plain := config.Compose(messageEvent(typ))
		drill := config.Compose(messageEvent(typ, func(_ *analysis.Event, _ *analysis.Notice, r *analysis.Run) { r.Drill = true }))
		if strings.Contains(plain.Title, "DRILL") || drill.Title != "DRILL: "+plain.Title || drill.Summary != plain.Summary {
			t.Errorf("%s: %q and %q", typ, plain.Title, drill.Title)
		}
		if !strings.HasPrefix(drill.Text(), "DRILL: ") {
			t.Errorf("%s: %q", typ, drill.Text())
		}
	}
}
