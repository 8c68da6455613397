package web_test

import (
	"math"
	"testing"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
)

func TestEncode(t *testing.T) {
	got, err := web.Encode(map[string]string{"a": `<b> & "c"`})
	if err != nil || string(got) != `{"a":"<b> & \"c\""}` {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := web.Encode(math.NaN()); analysis.KindOf(err) != analysis.Internal {
		t.Errorf("error %v, want internal", err)
	}
}
