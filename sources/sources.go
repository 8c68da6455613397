package sources

import (
	"github.com/haldane-dev/haldane/config"
	"github.com/haldane-dev/haldane/sources/csvfile"
	"github.com/haldane-dev/haldane/sources/datadog"
	"github.com/haldane-dev/haldane/sources/graphite"
	"github.com/haldane-dev/haldane/sources/httpjson"
	"github.com/haldane-dev/haldane/sources/prometheus"
)

// Types is the table of all kinds of sources, one line each.
func Types() []config.SourceType {
	return []config.SourceType{
		{Name: "prometheus", New: prometheus.New},
		{Name: "datadog", New: datadog.New},
		{Name: "graphite", New: graphite.New},
		{Name: "http", New: httpjson.New},
		{Name: "csv", New: csvfile.New},
	}
}
