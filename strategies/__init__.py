"""What decides: one readable file a strategy."""
