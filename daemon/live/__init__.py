"""Trading on a live feed: containers run free, and the order of everything is journaled."""
