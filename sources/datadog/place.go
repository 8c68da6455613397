package datadog

import (
	"slices"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/sources/answer"
)

// place puts the series that answer a part of an item's window onto its grid.
//
// Datadog labels a bucket by its start: the bucket of 12:00 holds 12:00:00 to 12:00:59,
// and belongs to the step that ends at 12:01. One that is not all of it inside of the
// window is incomplete and left out.
func (it *item) place(part analysis.Window, all []series) error {
	if err := it.got.Part(part); err != nil {
		return err
	}
	step := it.query.Step.Milliseconds()
	w := asked(part, it.query.Step)
	from, to := w.Start.UnixMilli(), part.End.UnixMilli()
	bucket := max(step, it.bucket(all, from, to, step))
	it.got.Rollup(time.Duration(bucket) * time.Millisecond)
	for _, one := range all {
		if one.every > 0 && one.every < step {
			return it.fine(one.every)
		}
		samples := make([]answer.Sample, 0, len(one.points))
		for _, p := range one.points {
			end := p.t + bucket
			cut := p.t < from && from < end || p.t < to && to < end
			if cut || p.null && p.t%bucket != 0 { // the axis is that of all queries of the request
				continue
			}
			samples = append(samples, answer.Sample{At: time.UnixMilli(end), Value: p.value, Null: p.null})
		}
		if err := it.got.Add(one.labels, samples); err != nil {
			return err
		}
	}
	return nil
}

// fine is the error of buckets that are shorter than the step. What they would be
// together depends on what they count.
func (it *item) fine(every int64) error {
	return analysis.Errorf(analysis.Invalid, "the answer to %s is in buckets of %s, shorter than the step of %s", it.query.Text,
		analysis.Duration(every)*analysis.Duration(time.Millisecond), analysis.Duration(it.query.Step)).
		WithHint(".rollup(avg, %d) in the query, or sum for counts", it.query.Step/time.Second)
}

// bucket is how long the answer's buckets are when that is longer than the step: as the
// server says, as the query says unless the answer contradicts, or as the answer shows.
func (it *item) bucket(all []series, from, to, step int64) int64 {
	longest := int64(0)
	for _, one := range all {
		longest = max(longest, one.every)
	}
	if longest > 0 {
		return longest
	}
	times := timesOf(all, from, to)
	own := it.form.rollup.Milliseconds()
	if own > 0 && !slices.ContainsFunc(times, func(t int64) bool { return t%own != 0 }) {
		return own
	}
	return serverRollup(times, from, to, step)
}

// timesOf lists the times in a window at which there is a value, in order.
func timesOf(all []series, from, to int64) []int64 {
	var times []int64
	for _, one := range all {
		for _, p := range one.points {
			if !p.null && p.t >= from && p.t < to {
				times = append(times, p.t)
			}
		}
	}
	slices.Sort(times)
	return slices.Compact(times)
}
