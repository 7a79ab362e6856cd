"""Where containers live: one port, one module for each kind of isolation."""
