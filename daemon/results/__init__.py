"""What a run came to, in one shape for every mode."""
