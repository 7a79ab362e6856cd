"""The kill switch: the halt flag, and a small process that watches the daemon and cancels at the venue without it."""
