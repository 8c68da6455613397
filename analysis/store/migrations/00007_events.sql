-- +goose Up

-- The list of events over all runs, of one service.
CREATE INDEX events_by_service ON events (service, environment, id);

-- +goose Down
DROP INDEX events_by_service;
