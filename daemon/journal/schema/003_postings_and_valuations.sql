-- What befell the books without an order, and what they were worth.

CREATE TABLE postings (
    sequence INTEGER PRIMARY KEY,
    body     TEXT NOT NULL,
    strategy TEXT AS (json_extract(body, '$.strategy')),
    kind     TEXT AS (json_extract(body, '$.kind')),
    symbol   TEXT AS (json_extract(body, '$.symbol')),
    event_id TEXT AS (json_extract(body, '$.event_id')),
    ts_ns    INTEGER AS (json_extract(body, '$.ts_ns'))
);
CREATE INDEX postings_by_strategy ON postings (strategy, sequence);

-- A row for each owner of a book, each time that all books were valued; null where a rate was missing.
CREATE TABLE valuations (
    owner    TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    ts_ns    INTEGER NOT NULL,
    equity   TEXT,
    exposure TEXT,
    PRIMARY KEY (owner, sequence)
) WITHOUT ROWID;
CREATE INDEX valuations_by_age ON valuations (sequence);
