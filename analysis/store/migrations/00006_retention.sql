-- +goose Up

-- When the looks and samples of a run were deleted; null while they are there.
ALTER TABLE runs ADD COLUMN evidence_deleted_at BIGINT;
-- The looks up to this number have been thinned.
ALTER TABLE runs ADD COLUMN looks_thinned BIGINT NOT NULL DEFAULT 0;
CREATE INDEX runs_with_evidence ON runs (finished_at) WHERE evidence_deleted_at IS NULL AND finished_at IS NOT NULL;
CREATE INDEX events_with_notice ON events (at) WHERE notice IS NOT NULL;

-- +goose Down
DROP INDEX events_with_notice;
DROP INDEX runs_with_evidence;
ALTER TABLE runs DROP COLUMN looks_thinned;
ALTER TABLE runs DROP COLUMN evidence_deleted_at;
