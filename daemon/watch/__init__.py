"""How the daemon is watched: logs, metrics, and the word to systemd."""
