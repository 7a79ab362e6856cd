"""The journal: one append-only log, which is recovery log, audit trail and input of replay, and tables made from it."""
