"""Real processes, real sockets, real kills: a daemon, its children and a venue, ended at random moments under load."""
