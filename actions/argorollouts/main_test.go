package argorollouts_test

import (
	"testing"

	"github.com/haldane-dev/haldane/actions/actiontest"
)

func TestMain(m *testing.M) { actiontest.Main(m) }
