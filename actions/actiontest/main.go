package actiontest

import (
	"os"
	"testing"
)

// Main runs a package's tests without the proxies of the environment, which the
// standard library reads once: the tests mean the addresses that they name. Call it
// from TestMain.
func Main(m *testing.M) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		_ = os.Unsetenv(name)
	}
	m.Run()
}
