"""Where orders go: one port, and behind it the simulated market or a venue."""
