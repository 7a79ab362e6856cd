"""What the outside may ask of a running daemon, over its Unix socket."""
