"""The quality of stored market data: rows that cannot be, and what is odd about the rest, counted exactly."""
