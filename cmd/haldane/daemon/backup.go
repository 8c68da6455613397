package daemon

import (
	"context"

	"github.com/haldane-dev/haldane/analysis/store"
	"github.com/haldane-dev/haldane/config"
)

// BackUp copies the database of a daemon that may be running into a file; see
// store.BackUp.
func BackUp(ctx context.Context, settings config.Settings, file string, force bool) (store.Backup, error) {
	return store.BackUp(ctx, settings.Database.Reveal(), file, force)
}
