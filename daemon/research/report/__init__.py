"""A run shown: the page, the summary on a terminal, tables for other programs."""
