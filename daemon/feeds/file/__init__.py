"""Market data from files: text (plain, gzip, zip) and Parquet; quotes, trades and bars; one order over all of them."""
