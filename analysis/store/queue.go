package store

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/haldane-dev/haldane/analysis"
)

// Work is what jobs are for. A job is a hint that something is due, nothing more: when
// there is nothing to do, it does nothing. An error means: again, later.
type Work struct {
	Look    func(ctx context.Context, runID string, number int) error
	Deliver func(ctx context.Context, deliveryID string) error
}

// Serve starts working on jobs until Stop.
func (s *Store) Serve(ctx context.Context, w Work) error {
	s.work.Store(&w)
	if err := s.db.orphans(ctx); err != nil {
		return s.trouble("give back jobs", err)
	}
	return s.trouble("start its queue", s.db.queue().Start(context.WithoutCancel(ctx)))
}

// Stop lets the jobs at hand finish. When ctx ends before they do, it cancels
// them; what they did not commit is given back.
func (s *Store) Stop(ctx context.Context) error {
	if s.work.Load() == nil {
		return nil
	}
	err := s.db.queue().Stop(ctx)
	if err != nil {
		hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		err = s.db.queue().StopAndCancel(hard)
	}
	return s.trouble("stop its queue", err)
}

const (
	looksQueue      = "looks"
	deliveriesQueue = "deliveries"
)

type lookArgs struct {
	Run  string `json:"run"`
	Look int    `json:"look"`
}

func (lookArgs) Kind() string { return "look" }

type deliverArgs struct {
	Delivery string `json:"delivery"`
}

func (deliverArgs) Kind() string { return "deliver" }

// enqueued is a job on its way into the queue.
type enqueued struct {
	args  river.JobArgs
	queue string
	at    time.Time // zero: now
}

func (e enqueued) opts() *river.InsertOpts {
	return &river.InsertOpts{Queue: e.queue, ScheduledAt: e.at, MaxAttempts: maxAttempts}
}

// maxAttempts is as high as the column allows: River discards a job that is out of
// attempts without a word, and when to give up is for our own rows to say.
const maxAttempts = 32767

// EnqueueLook makes a job for a look.
func (tx *Tx) EnqueueLook(ctx context.Context, runID string, number int, at time.Time) (int64, error) {
	return tx.t.enqueue(ctx, enqueued{lookArgs{runID, number}, looksQueue, at})
}

// EnqueueDelivery makes a job for a delivery; at may be zero for now.
func (tx *Tx) EnqueueDelivery(ctx context.Context, id string, at time.Time) (int64, error) {
	return tx.t.enqueue(ctx, enqueued{deliverArgs{id}, deliveriesQueue, at})
}

// queueConfig is River's; alone says that nobody shares the database. With others, River's
// own rescue of jobs is only the last resort: it goes by how long ago a job began, on
// the clock of whoever began it.
func queueConfig(s *Store, o Options, alone bool) *river.Config {
	rescue := o.lease()
	if !alone {
		rescue = 10 * time.Minute
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &lookWorker{s: s, timeout: o.LookTimeout})
	river.AddWorker(workers, &deliverWorker{s: s, timeout: o.DeliverTimeout})
	return &river.Config{
		ID:      o.Replica,
		Workers: workers,
		Queues: map[string]river.QueueConfig{
			looksQueue:      {MaxWorkers: o.Lookers, FetchCooldown: o.Poll / 2, FetchPollInterval: 5 * o.Poll},
			deliveriesQueue: {MaxWorkers: o.Deliverers, FetchCooldown: o.Poll / 2, FetchPollInterval: o.Poll},
		},
		JobTimeout:                  max(o.LookTimeout, o.DeliverTimeout),
		RescueStuckJobsAfter:        rescue,
		CompletedJobRetentionPeriod: 10 * time.Minute,
		CancelledJobRetentionPeriod: 10 * time.Minute,
		DiscardedJobRetentionPeriod: 10 * time.Minute,
		MaxAttempts:                 maxAttempts,
		PollOnly:                    alone,
		Hooks:                       []rivertype.Hook{&availableAtOnce{}},
		ErrorHandler:                &errorLog{o.Log, seldom(o.Log)},
		Logger:                      seldom(o.Log),
		Test:                        river.TestConfig{Time: ourClock{}},
	}
}

// ourClock makes River ask this machine what time it is, and not the database: times
// at which jobs are due are ours too, and a database whose clock is an hour behind must
// not keep them for an hour.
type ourClock struct{}

// Now implements rivertype.TimeGenerator.
func (ourClock) Now() time.Time { return time.Now() }

// NowOrNil implements rivertype.TimeGenerator: nil would be the database's time.
func (ourClock) NowOrNil() *time.Time {
	now := time.Now()
	return &now
}

// availableAtOnce saves the step from "scheduled" to "available", which River's
// leader makes every five seconds: workers only take what is due anyway, so a job
// may wait for its time as an available one, without a second write and without
// depending on who leads.
type availableAtOnce struct{ river.HookDefaults }

func (*availableAtOnce) InsertBegin(_ context.Context, p *rivertype.JobInsertParams) error {
	if p.State == rivertype.JobStateScheduled {
		p.State = rivertype.JobStateAvailable
	}
	return nil
}

type lookWorker struct {
	river.WorkerDefaults[lookArgs]
	s       *Store
	timeout time.Duration
}

func (w *lookWorker) Timeout(*river.Job[lookArgs]) time.Duration { return w.timeout }

func (w *lookWorker) NextRetry(j *river.Job[lookArgs]) time.Time { return retryAt(j.Attempt) }

func (w *lookWorker) Work(ctx context.Context, j *river.Job[lookArgs]) error {
	err := w.s.work.Load().Look(ctx, j.Args.Run, j.Args.Look)
	if errors.Is(err, context.Canceled) {
		return river.JobSnooze(0) // we stop: it is as if it had not begun
	}
	return err
}

type deliverWorker struct {
	river.WorkerDefaults[deliverArgs]
	s       *Store
	timeout time.Duration
}

func (w *deliverWorker) Timeout(*river.Job[deliverArgs]) time.Duration { return w.timeout }

func (w *deliverWorker) NextRetry(j *river.Job[deliverArgs]) time.Time { return retryAt(j.Attempt) }

func (w *deliverWorker) Work(ctx context.Context, j *river.Job[deliverArgs]) error {
	return w.s.work.Load().Deliver(ctx, j.Args.Delivery)
}

// retryAt is for work that could not even be recorded, the database being away:
// 1 s, doubling to 15 s, give or take a fifth.
func retryAt(attempt int) time.Time {
	wait := min(15*time.Second, time.Second<<min(max(attempt-1, 0), 4))
	return time.Now().Add(wait + time.Duration(rand.Int64N(int64(wait/5))))
}

// errorLog logs what workers could not do; River itself would only count it. While the
// database is away it is the same for all of them.
type errorLog struct{ log, away *slog.Logger }

func (h *errorLog) HandleError(ctx context.Context, j *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	log := h.log
	if analysis.KindOf(err) == analysis.Unavailable {
		log = h.away
	}
	log.WarnContext(ctx, "job failed, will be tried again", "job", j.Kind, "args", string(j.EncodedArgs), "attempt", j.Attempt, "error", err)
	return nil
}

func (h *errorLog) HandlePanic(ctx context.Context, j *rivertype.JobRow, p any, trace string) *river.ErrorHandlerResult {
	h.log.ErrorContext(ctx, "job panicked, will be tried again; this is a bug, please report it",
		"job", j.Kind, "args", string(j.EncodedArgs), "panic", p, "trace", trace)
	return nil
}
