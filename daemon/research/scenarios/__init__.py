"""Scenarios: named windows of one config, checked together, then run one after another, in threads or in processes."""
