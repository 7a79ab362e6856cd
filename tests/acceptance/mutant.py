"""A daemon whose ledger leaves out one booking: python mutant.py CONFIG."""

import sys
from pathlib import Path

from daemon.run import main
from trading.account.ledger import Ledger
from trading.reports import Fill

LEFT_OUT = "simulated-3"


def forgetful(book: object) -> object:
    def book_all_but_one(ledger: Ledger, fill: Fill) -> None:
        if fill.execution_id != LEFT_OUT:
            book(ledger, fill)  # type: ignore[operator]

    return book_all_but_one


if __name__ == "__main__":
    Ledger.book = forgetful(Ledger.book)  # type: ignore[assignment,method-assign]
    sys.exit(main(Path(sys.argv[1])))
