"""The venue as the pure core knows it: what it can do, what it says, and what was asked of it."""
