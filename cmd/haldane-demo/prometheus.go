package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/tsdb"
)

// metricStore is Prometheus without its scraping: its time-series database and its
// query engine, behind the two calls of its HTTP API that a client needs.
type metricStore struct {
	db     *tsdb.DB
	engine *promql.Engine
}

func openMetricStore(dir string, interval time.Duration) (*metricStore, error) {
	db, err := tsdb.Open(dir, slog.New(slog.DiscardHandler), nil, tsdb.DefaultOptions(), nil)
	if err != nil {
		return nil, err
	}
	return &metricStore{db: db, engine: promql.NewEngine(promql.EngineOpts{
		MaxSamples: 1_000_000, Timeout: 10 * time.Second, EnableAtModifier: true, EnableNegativeOffset: true,
		// A series counts as gone after a few missed scrapes, as five minutes are at
		// Prometheus's usual interval of one.
		LookbackDelta: 5 * interval,
		Parser:        parser.NewParser(parser.Options{}),
	})}, nil
}

func (m *metricStore) close() error { return errors.Join(m.engine.Close(), m.db.Close()) }

// scrape writes one moment of all series, as a scrape would.
func (m *metricStore) scrape(ctx context.Context, at time.Time, samples []sample) error {
	a := m.db.Appender(ctx)
	for _, s := range samples {
		if _, err := a.Append(0, labels.FromMap(s.labels), at.UnixMilli(), s.value); err != nil {
			_ = a.Rollback()
			return err
		}
	}
	return a.Commit()
}

// handler serves /api/v1/query and /api/v1/query_range.
func (m *metricStore) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/query", func(w http.ResponseWriter, r *http.Request) {
		at, err := formTime(r, "time", time.Now())
		if err == nil {
			q, failed := m.engine.NewInstantQuery(r.Context(), m.db, nil, r.FormValue("query"), at)
			err = failed
			if err == nil {
				answer(w, r, q)
				return
			}
		}
		refuse(w, http.StatusBadRequest, "bad_data", err)
	})
	mux.HandleFunc("/api/v1/query_range", func(w http.ResponseWriter, r *http.Request) {
		start, err := formTime(r, "start", time.Time{})
		end, err2 := formTime(r, "end", time.Time{})
		step, err3 := strconv.ParseFloat(r.FormValue("step"), 64)
		if err = errors.Join(err, err2, err3); err == nil {
			q, failed := m.engine.NewRangeQuery(r.Context(), m.db, nil, r.FormValue("query"), start, end, time.Duration(step*float64(time.Second)))
			err = failed
			if err == nil {
				answer(w, r, q)
				return
			}
		}
		refuse(w, http.StatusBadRequest, "bad_data", err)
	})
	return mux
}

func formTime(r *http.Request, name string, def time.Time) (time.Time, error) {
	text := r.FormValue(name)
	if text == "" && !def.IsZero() {
		return def, nil
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t, nil
	}
	s, err := strconv.ParseFloat(text, 64)
	whole, part := math.Modf(s)
	return time.Unix(int64(whole), int64(math.Round(part*1000))*int64(time.Millisecond)), err
}

func answer(w http.ResponseWriter, r *http.Request, q promql.Query) {
	defer q.Close()
	res := q.Exec(r.Context())
	if res.Err != nil {
		refuse(w, http.StatusUnprocessableEntity, "execution", res.Err)
		return
	}
	reply(w, http.StatusOK, map[string]any{
		"status": "success", "data": map[string]any{"resultType": res.Value.Type(), "result": res.Value},
	})
}

func refuse(w http.ResponseWriter, status int, kind string, err error) {
	reply(w, status, map[string]any{"status": "error", "errorType": kind, "error": err.Error()})
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
