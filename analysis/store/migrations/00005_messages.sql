-- +goose Up

CREATE INDEX deliveries_by_action ON deliveries (action, created_at);

-- +goose Down
DROP INDEX deliveries_by_action;
