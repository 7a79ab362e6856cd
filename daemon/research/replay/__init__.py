"""A state's journal and its tape carried once more through the core, and every command held against what was sent."""
