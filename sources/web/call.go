package web

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// tries is how often one question is asked at most.
const tries = 3

// Ask sends a request and lets read understand the answer, again when that may help:
// see Call. Errors of read are *analysis.Error, those that another try may mend marked
// with Again.
func (c *Client) Ask(ctx context.Context, r Request, read func(Answer) error) error {
	return c.Call(ctx, func(ctx context.Context) error {
		a, err := c.Send(ctx, r)
		if err != nil {
			return err
		}
		return read(a)
	})
}

// Call asks until there is an answer or an error that asking again will not mend. It
// waits for its turn, and between tries, longer each time. No try begins after the
// deadline of ctx or, when ctx has none, after the time that one request may take.
// Errors are *analysis.Error.
func (c *Client) Call(ctx context.Context, ask func(context.Context) error) error {
	var last *analysis.Error
	err := retry.Do(ctx, c.pauses(ctx, &last), func(ctx context.Context) error {
		err := c.once(ctx, ask)
		if errors.As(err, &last) {
			c.log.Debug("query failed", "kind", last.Kind, "why", last.Message)
		}
		return err
	})
	if err == nil || errors.As(err, &last) {
		return orNil(last, err)
	}
	return config.Unreachable(c.who, ctx.Err()) // given up before a try or between two
}

// orNil keeps a nil *analysis.Error from becoming an error that is not nil.
func orNil(e *analysis.Error, err error) error {
	if err == nil {
		return nil
	}
	return e
}

// pauses returns the waits between tries: random around 1 and 2 times c.pause, or
// as long as the server asked for. It ends when the next try would come too late.
func (c *Client) pauses(ctx context.Context, last **analysis.Error) retry.Backoff {
	limit, ok := ctx.Deadline()
	if !ok {
		limit = time.Now().Add(c.timeout)
	}
	next := c.pause
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

// once asks once, as soon as a request may be made.
func (c *Client) once(ctx context.Context, ask func(context.Context) error) error {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return c.crowded(ctx.Err())
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	err := ask(ctx)
	var own *analysis.Error
	if err == nil || errors.As(err, &own) {
		return err
	}
	return lost(c.who, err)
}

// crowded is the error of a query that found no free slot in time.
func (c *Client) crowded(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return analysis.Errorf(analysis.Unavailable, "%s: its %d requests at a time are all taken", c.who, cap(c.slots)).
			WithHint("a larger max_concurrent, or fewer looks").Because(err)
	}
	return config.Unreachable(c.who, err)
}
