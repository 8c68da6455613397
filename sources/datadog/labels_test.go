package datadog

import (
	"maps"
	"testing"
)

func TestLabels(t *testing.T) {
	for i, tt := range []struct {
		tags []string
		want map[string]string
	}{
		{nil, map[string]string{}},
		{[]string{"region:eu"}, map[string]string{"region": "eu"}},
		{[]string{"region:eu", "pod:a"}, map[string]string{"region": "eu", "pod": "a"}},
		{[]string{"image:shop/api:1.4.2"}, map[string]string{"image": "shop/api:1.4.2"}},
		{[]string{"canary"}, map[string]string{"canary": ""}},
		{[]string{"region:N/A"}, map[string]string{"region": "N/A"}},
		{[]string{"team:b", "team:a", "team:b"}, map[string]string{"team": "a,b"}},
		{[]string{":odd", ""}, map[string]string{":odd": "", "": ""}},
	} {
		if got := labels(tt.tags); !maps.Equal(got, tt.want) {
			t.Errorf("%d: %v, want %v", i, got, tt.want)
		}
	}
}
