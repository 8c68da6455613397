//go:build unix

package store

import (
	"errors"
	"os"
	"syscall"

	"github.com/haldane-dev/haldane/analysis"
)

// lockFile makes sure that one daemon owns a database file. The lock goes with
// the process, however it ends.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, analysis.Errorf(analysis.Unavailable, "database: %s cannot be written", path).
			WithHint("check the folder's owner and mode, and that the disk is neither full nor read-only").Because(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, analysis.Errorf(analysis.Conflict, "database: another daemon is using it").
				WithHint("stop the other one, or use PostgreSQL for several replicas")
		}
		return nil, analysis.Errorf(analysis.Unavailable, "database: %s cannot be locked", path).Because(err)
	}
	return f, nil
}
