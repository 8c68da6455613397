-- One text for SQLite and PostgreSQL. Times are unix milliseconds, JSON is TEXT.

-- +goose Up

-- The plans as they were when runs started with them, by the hash of their text.
CREATE TABLE snapshots (
    hash TEXT PRIMARY KEY,
    plan TEXT NOT NULL
);

-- A row per (service, environment): taking its lock orders everything that
-- concerns one service (starts, supersedes, caps).
CREATE TABLE services (
    service     TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    rev         BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (service, environment)
);

CREATE TABLE runs (
    id               TEXT   PRIMARY KEY,
    rev              BIGINT NOT NULL,
    plan             TEXT   NOT NULL,
    service          TEXT   NOT NULL,
    environment      TEXT   NOT NULL,
    key              TEXT   NOT NULL,
    attempt          BIGINT NOT NULL,
    version          TEXT   NOT NULL,
    baseline_version TEXT   NOT NULL,
    request          TEXT   NOT NULL, -- what never changes and is never searched
    snapshot         TEXT   NOT NULL REFERENCES snapshots (hash),
    status           TEXT   NOT NULL,
    outcome          TEXT,
    score            DOUBLE PRECISION,
    reason           TEXT   NOT NULL,
    created_at       BIGINT NOT NULL,
    started_at       BIGINT NOT NULL,
    ends_at          BIGINT NOT NULL,
    finished_at      BIGINT,
    looks            BIGINT NOT NULL,
    looks_expected   BIGINT NOT NULL,
    samples          BIGINT NOT NULL,
    judged_until     BIGINT NOT NULL,
    troubled         BIGINT NOT NULL, -- 1 while a source of its last look was in trouble
    next_look        BIGINT NOT NULL,
    next_look_at     BIGINT,          -- null when no look is due
    job_id           BIGINT NOT NULL,
    rollback         TEXT   NOT NULL,
    rollback_state   TEXT   NOT NULL,
    verification     TEXT   NOT NULL,
    UNIQUE (plan, key, attempt)
);
CREATE INDEX runs_by_service ON runs (service, environment, id);
CREATE INDEX runs_by_status ON runs (status, id);
CREATE INDEX runs_by_plan ON runs (plan, id);
CREATE INDEX runs_by_outcome ON runs (outcome, finished_at);
CREATE INDEX runs_due ON runs (next_look_at);

CREATE TABLE looks (
    run_id       TEXT   NOT NULL REFERENCES runs (id),
    number       BIGINT NOT NULL,
    due_at       BIGINT NOT NULL,
    at           BIGINT NOT NULL,
    took_us      BIGINT NOT NULL,
    window_start BIGINT NOT NULL,
    window_end   BIGINT NOT NULL,
    outcome      TEXT   NOT NULL,
    verdict      TEXT   NOT NULL,
    PRIMARY KEY (run_id, number)
);

-- What a look fetched: every sample once, in the row of the look that got it.
CREATE TABLE samples (
    run_id TEXT   NOT NULL REFERENCES runs (id),
    look   BIGINT NOT NULL,
    data   TEXT   NOT NULL,
    PRIMARY KEY (run_id, look)
);

-- What runs that passed taught about the noise of their metrics, for later runs of
-- the same queries; and what each run knew of it when it began.
CREATE TABLE noise (
    run_id TEXT NOT NULL REFERENCES runs (id),
    role   TEXT NOT NULL, -- learnt | known
    about  TEXT NOT NULL, -- hash of what was asked
    data   TEXT NOT NULL,
    PRIMARY KEY (run_id, role)
);
CREATE INDEX noise_about ON noise (about, run_id);

CREATE TABLE events (
    id          TEXT   PRIMARY KEY,
    run_id      TEXT   REFERENCES runs (id),
    service     TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    type        TEXT   NOT NULL,
    who         TEXT   NOT NULL,
    text        TEXT   NOT NULL,
    notice      TEXT
);
CREATE INDEX events_by_run ON events (run_id, id);

CREATE TABLE deliveries (
    id            TEXT   PRIMARY KEY,
    rev           BIGINT NOT NULL,
    run_id        TEXT   REFERENCES runs (id),
    event_id      TEXT   NOT NULL REFERENCES events (id),
    event_type    TEXT   NOT NULL,
    step          TEXT   NOT NULL,
    action        TEXT   NOT NULL,
    changes_world BIGINT NOT NULL,
    service       TEXT   NOT NULL,
    environment   TEXT   NOT NULL,
    state         TEXT   NOT NULL,
    reason        TEXT   NOT NULL,
    attempts      BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    first_at      BIGINT,          -- when it was first tried
    ended_at      BIGINT,
    receipt       TEXT,
    job_id        BIGINT NOT NULL, -- 0: none yet
    UNIQUE (event_id, step)
);
CREATE INDEX deliveries_by_run ON deliveries (run_id, action);
CREATE INDEX deliveries_by_state ON deliveries (state);
CREATE INDEX deliveries_by_service ON deliveries (service, environment, first_at);

CREATE TABLE holds (
    id          TEXT   PRIMARY KEY,
    kind        TEXT   NOT NULL,
    service     TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    by_whom     TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    until       BIGINT,
    released_at BIGINT,
    released_by TEXT
);
CREATE INDEX holds_in_force ON holds (released_at);

CREATE TABLE condemned (
    service     TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    version     TEXT   NOT NULL,
    run_id      TEXT   NOT NULL REFERENCES runs (id),
    at          BIGINT NOT NULL,
    PRIMARY KEY (service, environment, version)
);

CREATE TABLE schedules (
    plan    TEXT   PRIMARY KEY,
    spec    TEXT   NOT NULL, -- cron and time zone: another spec starts anew
    next_at BIGINT NOT NULL,
    last_at BIGINT,
    note    TEXT   NOT NULL  -- what came of the last tick
);

-- The daemons that share this database, by their own id of each start.
CREATE TABLE replicas (
    id          TEXT   PRIMARY KEY,
    started_at  BIGINT NOT NULL,
    seen_at     BIGINT NOT NULL,
    version     TEXT   NOT NULL,
    config_hash TEXT   NOT NULL
);

-- +goose Down
DROP TABLE replicas;
DROP TABLE schedules;
DROP TABLE condemned;
DROP TABLE holds;
DROP TABLE deliveries;
DROP TABLE events;
DROP TABLE noise;
DROP TABLE samples;
DROP TABLE looks;
DROP TABLE runs;
DROP TABLE services;
DROP TABLE snapshots;
