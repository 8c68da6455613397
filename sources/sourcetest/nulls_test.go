package sourcetest

import (
	"net/http"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

// nullsVendor is the plain vendor with a server that leaves nothing out.
func nullsVendor(bug string) Vendor {
	v := plainVendor(bug)
	v.Nulls = true
	v.Answer = func(w http.ResponseWriter, r *http.Request, a Answer) {
		a.Nulls = true
		plainServer(w, r, a)
	}
	return v
}

// TestVendorOfNulls wants every gap to be counted where the server writes nulls.
func TestVendorOfNulls(t *testing.T) {
	Exercise(t, nullsVendor(""))
	if len(failures(t, nullsVendor("takes nulls for zero"), "gaps stay gaps")) == 0 {
		t.Error("nulls that become zero are not found")
	}
	v := nullsVendor("")
	v.Nulls = false
	if len(failures(t, v, "gaps stay gaps")) == 0 {
		t.Error("nulls that the server should not have written are not found")
	}
}

// TestVendorOfLabels wants the labels that the server adds, and no others.
func TestVendorOfLabels(t *testing.T) {
	v := plainVendor("")
	v.Answer = func(w http.ResponseWriter, r *http.Request, a Answer) {
		series := append([]analysis.Series(nil), a.Series...)
		for i, s := range series {
			labels := map[string]string{"name": "errors"}
			for name, value := range s.Labels {
				labels[name] = value
			}
			series[i].Labels = labels
		}
		a.Series = series
		plainServer(w, r, a)
	}
	for _, name := range []string{"labels", "all series"} {
		if len(failures(t, v, name)) == 0 {
			t.Errorf("%s: a label too many is not found", name)
		}
	}
	v.Labels = func(labels map[string]string) map[string]string {
		labels["name"] = "errors"
		return labels
	}
	for _, name := range []string{"labels", "all series", "several series"} {
		if found := failures(t, v, name); len(found) != 0 {
			t.Errorf("%s: %v", name, found)
		}
	}
}
