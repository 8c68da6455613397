package analysis

import "time"

// PushedSample is a sample of a metric with source push. Metric, side, time and labels name it: sent twice it
// is one.
type PushedSample struct {
	Metric string            `json:"metric"`
	Side   string            `json:"side"`
	Time   time.Time         `json:"time"`
	Value  float64           `json:"value"`            // gauge: the value; ratio: bad events; count: events
	Total  *float64          `json:"total,omitempty"`  // ratio: all events; count: the exposure
	Labels map[string]string `json:"labels,omitempty"` // of a metric with segments: which one

	Segment string `json:"-"` // as the labels say
}

// PushResult says what became of pushed samples.
type PushResult struct {
	Accepted   int `json:"accepted"`
	Duplicates int `json:"duplicates"` // were there already
}
