//go:build !unix

package store

import (
	"os"

	"github.com/haldane-dev/haldane/analysis"
)

// lockFile only makes the file: outside Unix nothing keeps a second daemon from the
// same database. The daemon is meant for Unix; the client commands run anywhere.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, analysis.Errorf(analysis.Unavailable, "database: %s cannot be written", path).Because(err)
	}
	return f, nil
}
