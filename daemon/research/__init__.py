"""Runs over stored data: backtests, replays, scenarios, what they come to and how it is shown."""
