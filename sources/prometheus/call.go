package prometheus

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/sethvargo/go-retry"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// tries is how often one question is asked at most.
const tries = 3

// call asks until there is an answer or an error that asking again will not mend.
// It waits between tries, longer each time. No try begins after the deadline of
// ctx or, when ctx has none, after the time that one request may take. Errors are
// *analysis.Error.
func (s *Source) call(ctx context.Context, ask func(context.Context) error) error {
	var last *analysis.Error
	err := retry.Do(ctx, s.pauses(ctx, &last), func(ctx context.Context) error {
		err := s.once(ctx, ask)
		if errors.As(err, &last) {
			s.log.Debug("query failed", "kind", last.Kind, "why", last.Message)
		}
		return err
	})
	if err == nil || errors.As(err, &last) {
		return orNil(last, err)
	}
	return config.Unreachable(s.who, ctx.Err()) // given up before a try or between two
}

// orNil keeps a nil *analysis.Error from becoming an error that is not nil.
func orNil(e *analysis.Error, err error) error {
	if err == nil {
		return nil
	}
	return e
}

// pauses returns the waits between tries: random around 1 and 2 times s.pause, or
// as long as the server asked for. It ends when the next try would come too late.
func (s *Source) pauses(ctx context.Context, last **analysis.Error) retry.Backoff {
	limit, ok := ctx.Deadline()
	if !ok {
		limit = time.Now().Add(s.timeout)
	}
	next := s.pause
	return retry.WithMaxRetries(tries-1, retry.BackoffFunc(func() (time.Duration, bool) {
		wait := next/2 + rand.N(next)
		next *= 2
		wait += (*last).RetryAfter
		if (*last).Kind == analysis.Limited && (*last).RetryAfter == 0 {
			return 0, true // it did not say until when; asking on would not be polite
		}
		return wait, time.Until(limit) <= wait
	}))
}

// once makes one request as soon as one may be made.
func (s *Source) once(ctx context.Context, ask func(context.Context) error) error {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return s.crowded(ctx.Err())
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	err := ask(ctx)
	var api *v1.Error
	var own *analysis.Error
	switch {
	case err == nil || errors.As(err, &own):
		return err
	case errors.As(err, &api):
		return nonsense(s.who, api, s.hide)
	}
	return lost(s.who, err)
}

// crowded is the error of a query that found no free slot in time.
func (s *Source) crowded(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return analysis.Errorf(analysis.Unavailable, "%s: its %d requests at a time are all taken", s.who, cap(s.slots)).
			WithHint("a larger max_concurrent, or fewer looks").Because(err)
	}
	return config.Unreachable(s.who, err)
}
