-- +goose Up

-- What a delivery performs, and what follows from how it ends.
ALTER TABLE deliveries ADD COLUMN reaction TEXT NOT NULL DEFAULT '{}';

-- +goose Down
ALTER TABLE deliveries DROP COLUMN reaction;
