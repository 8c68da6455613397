package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// profiles saves what the first daemon's time and memory go to, during the measurement.
func (o *loadOptions) profiles(ctx context.Context, w *loadWorld) error {
	if o.profile == "" {
		return nil
	}
	seconds := int(max(time.Second, o.span()-5*time.Second).Seconds())
	var wg sync.WaitGroup
	var first error
	var once sync.Once
	for name, query := range map[string]string{
		"cpu": fmt.Sprintf("profile?seconds=%d", seconds), "allocs": fmt.Sprintf("allocs?seconds=%d", seconds),
		"heap": "heap", "goroutine": "goroutine",
	} {
		wg.Go(func() {
			b, err := fetch(ctx, "http://"+w.daemons[0].pprof+"/debug/pprof/"+query)
			if err == nil {
				err = os.WriteFile(filepath.Join(o.profile, name+".pprof"), b, 0o600)
			}
			if err != nil {
				once.Do(func() { first = err })
			}
		})
	}
	wg.Wait()
	return first
}
