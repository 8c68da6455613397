-- +goose Up

-- Samples that came by the API instead of from a metric store. A sample is named by
-- what it is about and its time: the same one twice is one.
CREATE TABLE pushed (
    run_id  TEXT   NOT NULL REFERENCES runs (id),
    metric  TEXT   NOT NULL,
    segment TEXT   NOT NULL,
    side    TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    value   DOUBLE PRECISION NOT NULL,
    total   DOUBLE PRECISION,          -- null where the metric has no totals
    by_whom TEXT   NOT NULL,
    PRIMARY KEY (run_id, metric, segment, side, at)
);

-- +goose Down
DROP TABLE pushed;
