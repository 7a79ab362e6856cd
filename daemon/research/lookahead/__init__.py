"""Whether a strategy knows the future: it decides again on data that is another after a cut, and what it decided before
the cut must stay as it was."""
