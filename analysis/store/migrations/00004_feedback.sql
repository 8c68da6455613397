-- +goose Up

-- What people said of verdicts: the last word of each person on each run.
CREATE TABLE feedback (
    run_id  TEXT   NOT NULL REFERENCES runs (id),
    who     TEXT   NOT NULL,
    answer  TEXT   NOT NULL, -- yes | no | unsure
    note    TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    plan    TEXT   NOT NULL,
    outcome TEXT   NOT NULL,
    metrics TEXT   NOT NULL, -- those that were bad, JSON
    PRIMARY KEY (run_id, who)
);
CREATE INDEX feedback_by_plan ON feedback (plan, outcome);

-- +goose Down
DROP TABLE feedback;
