"""What runs: the shells around the core, its feeds, journal, surfaces and supervision."""
