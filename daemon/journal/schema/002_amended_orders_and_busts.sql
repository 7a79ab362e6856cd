-- Orders that hang together or were given other terms, and executions that the venue annulled.

ALTER TABLE orders ADD COLUMN stop_price    TEXT AS (json_extract(body, '$.terms.stop_price'));
ALTER TABLE orders ADD COLUMN time_in_force TEXT AS (json_extract(body, '$.terms.time_in_force'));
ALTER TABLE orders ADD COLUMN parent_id     TEXT AS (json_extract(body, '$.terms.parent_id'));
ALTER TABLE orders ADD COLUMN group_id      TEXT AS (json_extract(body, '$.terms.group_id'));
ALTER TABLE fills  ADD COLUMN reverses      TEXT AS (json_extract(body, '$.reverses'));

-- One row for each execution that was annulled, also for one that was never heard of.
CREATE TABLE busts (
    order_id     TEXT NOT NULL,
    execution_id TEXT NOT NULL,
    PRIMARY KEY (order_id, execution_id)
);
