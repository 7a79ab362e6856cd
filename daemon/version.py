"""The version of this tree, as `pyproject.toml` has it; Bulkhead runs from its tree, where no package metadata is."""

VERSION = "0.1.0"
