-- What people ask about, made from the journal. `body` is the fact as JSON, money in it as text; the generated columns
-- are for reading. `sequence` is that of the record which brought the row.

CREATE TABLE progress (applied INTEGER NOT NULL);
INSERT INTO progress VALUES (0);

CREATE TABLE orders (
    order_id    TEXT PRIMARY KEY,
    sequence    INTEGER NOT NULL,
    is_open     INTEGER NOT NULL,
    body        TEXT NOT NULL,
    strategy    TEXT AS (json_extract(body, '$.terms.strategy')),
    symbol      TEXT AS (json_extract(body, '$.terms.symbol')),
    side        TEXT AS (json_extract(body, '$.terms.side')),
    type        TEXT AS (json_extract(body, '$.terms.type')),
    quantity    TEXT AS (json_extract(body, '$.terms.quantity')),
    limit_price TEXT AS (json_extract(body, '$.terms.limit_price')),
    created_ns  INTEGER AS (json_extract(body, '$.terms.created_ns')),
    updated_ns  INTEGER AS (json_extract(body, '$.updated_ns')),
    filled      TEXT AS (json_extract(body, '$.filled')),
    gross       TEXT AS (json_extract(body, '$.gross')),
    state       TEXT AS (json_extract(body, '$.state')),
    origin      TEXT AS (json_extract(body, '$.origin')),
    code        TEXT AS (json_extract(body, '$.code')),
    reason      TEXT AS (json_extract(body, '$.reason'))
);
CREATE INDEX orders_by_age ON orders (sequence);
CREATE INDEX orders_by_strategy ON orders (strategy, sequence);
CREATE INDEX orders_open ON orders (sequence) WHERE is_open;

CREATE TABLE fills (
    sequence     INTEGER PRIMARY KEY,
    body         TEXT NOT NULL,
    execution_id TEXT AS (json_extract(body, '$.execution_id')),
    order_id     TEXT AS (json_extract(body, '$.order_id')),
    strategy     TEXT AS (json_extract(body, '$.strategy')),
    symbol       TEXT AS (json_extract(body, '$.symbol')),
    side         TEXT AS (json_extract(body, '$.side')),
    quantity     TEXT AS (json_extract(body, '$.quantity')),
    price        TEXT AS (json_extract(body, '$.price')),
    fee          TEXT AS (json_extract(body, '$.fee')),
    fee_currency TEXT AS (json_extract(body, '$.fee_currency')),
    ts_ns        INTEGER AS (json_extract(body, '$.ts_ns'))
);
CREATE UNIQUE INDEX fills_heard ON fills (order_id, execution_id);
CREATE INDEX fills_by_strategy ON fills (strategy, sequence);

CREATE TABLE operations (
    sequence INTEGER PRIMARY KEY,
    body     TEXT NOT NULL,
    action   TEXT AS (json_extract(body, '$.action')),
    reason   TEXT AS (json_extract(body, '$.reason')),
    ts_ns    INTEGER AS (json_extract(body, '$.ts_ns'))
);

CREATE TABLE trips (
    sequence INTEGER PRIMARY KEY,
    body     TEXT NOT NULL,
    strategy TEXT AS (json_extract(body, '$.strategy')),
    reason   TEXT AS (json_extract(body, '$.reason')),
    ts_ns    INTEGER AS (json_extract(body, '$.ts_ns'))
);
