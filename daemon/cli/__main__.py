"""`python -m daemon.cli` is `bulkhead`."""

from daemon.cli import main

main(prog_name="bulkhead")
