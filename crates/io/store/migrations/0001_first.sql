-- Small facts about the database itself: proof that the key fits.
CREATE TABLE meta (
  name TEXT NOT NULL UNIQUE,
  value BLOB NOT NULL
) STRICT;

-- One random key per UTC day, sealed under the store key. Bodies of that day are sealed under it.
CREATE TABLE day_keys (
  day INTEGER PRIMARY KEY,
  sealed BLOB NOT NULL
) STRICT;

CREATE TABLE spaces (
  space BLOB NOT NULL UNIQUE CHECK (length(space) = 32),
  genesis BLOB NOT NULL,
  joined INTEGER NOT NULL
) STRICT;

-- Short numbers for the two pairs of ids that every entry repeats. An empty scope is the control log.
CREATE TABLE places (
  place INTEGER PRIMARY KEY,
  space BLOB NOT NULL CHECK (length(space) = 32),
  scope BLOB NOT NULL CHECK (length(scope) IN (0, 32)),
  UNIQUE (space, scope)
) STRICT;
CREATE TABLE logs (
  log INTEGER PRIMARY KEY,
  space BLOB NOT NULL CHECK (length(space) = 32),
  device BLOB NOT NULL CHECK (length(device) = 32),
  UNIQUE (space, device)
) STRICT;

-- The canonical rows. `hlc` has its top bit flipped, so that signed order is stamp order; `seq` is cast.
-- `body` is sealed under the key of `day`.
CREATE TABLE entries (
  n INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 32),
  place INTEGER NOT NULL,
  log INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  hlc INTEGER NOT NULL,
  day INTEGER NOT NULL,
  target_day INTEGER,
  target_id BLOB CHECK (target_id IS NULL OR length(target_id) = 32),
  class INTEGER NOT NULL,
  envelope BLOB NOT NULL,
  signature BLOB NOT NULL CHECK (length(signature) = 64),
  body BLOB
) STRICT;
-- Wide enough to answer the summaries of a start and the ids of a day without touching the rows.
CREATE INDEX entries_by_day ON entries (place, day, hlc, id, log, seq, target_day, target_id);
CREATE INDEX entries_by_target_day ON entries (place, target_day, hlc, id, day) WHERE target_day IS NOT NULL;
-- Not unique: a forked log of somebody else is kept as it came.
CREATE INDEX entries_by_log ON entries (log, seq);

CREATE TABLE secrets (
  space BLOB NOT NULL CHECK (length(space) = 32),
  epoch BLOB NOT NULL CHECK (length(epoch) = 32),
  sealed BLOB NOT NULL,
  UNIQUE (space, epoch)
) STRICT;

CREATE TABLE peers (
  peer BLOB NOT NULL UNIQUE CHECK (length(peer) = 32),
  seen_ms INTEGER NOT NULL,
  sealed BLOB NOT NULL
) STRICT;
CREATE INDEX peers_by_seen ON peers (seen_ms);

-- `name` is text like `read:<channel>`; what it stands for is sealed.
CREATE TABLE kept_values (
  name TEXT NOT NULL UNIQUE,
  sealed BLOB NOT NULL
) STRICT;
