package sources

import (
	"github.com/haldane-dev/haldane/config"
	"github.com/haldane-dev/haldane/sources/prometheus"
)

// Types is the table of all kinds of sources, one line each.
func Types() []config.SourceType {
	return []config.SourceType{
		{Name: "prometheus", New: prometheus.New},
	}
}
