-- Expand only: a release that knows nothing of pins goes on reading and writing posts as it did.
ALTER TABLE posts ADD COLUMN pinned_at timestamptz;
CREATE INDEX posts_pinned ON posts (space_id, pinned_at DESC) WHERE pinned_at IS NOT NULL;
