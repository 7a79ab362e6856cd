"""The catalogue: market data as Parquet by symbol and kind, taken in whole or not at all, read by the file feed."""
