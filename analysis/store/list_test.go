package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
	"github.com/haldane-dev/haldane/analysis/store/storetest"
)

// TestListsAreOfPlansSeen: who seen some plans only gets full pages of theirs, and events of
// no run; filters and cursors say nothing of the others.
func TestListsAreOfPlansSeen(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := open(t, url)
		seen := analysis.Scope(func(plan string) bool { return strings.HasPrefix(plan, "shop") })
		var mine []string
		for i := range 12 {
			r := sampleRun()
			r.Plan, r.Key = []string{"bank", "shop", "other", "shop-eu"}[i%4], fmt.Sprint(i)
			insert(t, s, r)
			if seen(r.Plan) {
				mine = append(mine, r.ID)
			}
			write(t, s, func(tx *store.Tx) error {
				return tx.InsertEvent(t.Context(), &analysis.Event{ID: newID(), RunID: r.ID, Service: r.Service, At: epoch, Type: analysis.EventRunStarted, Text: r.Plan})
			})
		}
		write(t, s, func(tx *store.Tx) error {
			return tx.InsertEvent(t.Context(), &analysis.Event{ID: newID(), At: epoch.Add(time.Minute), Type: analysis.EventConfigReloaded, Text: "of no run"})
		})
		slices.Reverse(mine)
		var got []string
		f := analysis.RunFilter{Scope: seen, Limit: 4}
		for pages := 1; ; pages++ {
			rs, next, err := s.Runs(t.Context(), f)
			if err != nil || pages > 2 {
				t.Fatalf("page %d: %v", pages, err)
			}
			for _, r := range rs {
				got = append(got, r.ID)
			}
			if f.Cursor = next; next == "" {
				break
			}
			if !slices.Contains(mine, next) {
				t.Errorf("the cursor %s is a run of another plan", next)
			}
		}
		if !slices.Equal(got, mine) {
			t.Errorf("runs %v, want %v", got, mine)
		}
		if rs, _, err := s.Runs(t.Context(), analysis.RunFilter{Scope: func(string) bool { return false }}); err != nil || len(rs) != 0 {
			t.Errorf("who seen nothing gets %d runs, %v", len(rs), err)
		}
		count := func(f analysis.EventFilter) (texts []string) {
			t.Helper()
			es, _, err := s.AllEvents(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range es {
				texts = append(texts, e.Text)
				if e.RunID != "" && e.Plan != e.Text {
					t.Errorf("event of plan %s has plan %q", e.Text, e.Plan)
				}
			}
			return texts
		}
		for name, c := range map[string]struct {
			f    analysis.EventFilter
			want int
		}{
			"all":           {analysis.EventFilter{}, 13},
			"of plans seen": {analysis.EventFilter{Scope: seen}, 7},
			"of no run":     {analysis.EventFilter{Scope: func(string) bool { return false }}, 1},
			"of a run":      {analysis.EventFilter{Run: mine[0]}, 1},
			"of a service":  {analysis.EventFilter{Service: "s"}, 12},
			"of a type":     {analysis.EventFilter{Type: analysis.EventConfigReloaded}, 1},
			"of a time":     {analysis.EventFilter{Since: epoch.Add(time.Second)}, 1},
			"of the future": {analysis.EventFilter{Since: time.Now().Add(2 * time.Hour)}, 0},
		} {
			if got := count(c.f); len(got) != c.want {
				t.Errorf("%s: %d events: %v", name, len(got), got)
			}
		}
		first, next, err := s.AllEvents(t.Context(), analysis.EventFilter{Limit: 5})
		if err != nil || len(first) != 5 || next != first[4].ID || first[0].Text != "of no run" {
			t.Fatalf("%d events, newest %+v, then %q, %v", len(first), first[0], next, err)
		}
		if rest := count(analysis.EventFilter{Cursor: next}); len(rest) != 8 {
			t.Errorf("%d events after the first page", len(rest))
		}
	})
}
