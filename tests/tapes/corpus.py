"""Tapes that have shown a defect, as small as they could be made, each with what it showed. They are kept for ever."""

from typing import Final

MARKET: Final = "0 quote AAA 99 101"

CORPUS: Final[dict[str, tuple[str, ...]]] = {
    "terms of before an amendment, pushed after its answer, were taken for the venue's newest": (
        MARKET,
        "1 a buys 5 AAA at 100",
        "2 a amends 1 to 8",
        "amend#1.race=fill:2",
    ),
    "an amendment that an order outran by filling was never answered, and the order claimed units for ever": (
        MARKET,
        "1 a buys 5 AAA at 100",
        "3 a amends 1 to 8",
        "4 quote AAA 98 100 6",
        "place#1.reply=lost",
    ),
    "a cancel that was sent for an order that is over was under way for ever": (
        MARKET,
        "1 a buys 5 AAA at 100",
        "3 a amends 1 to 8",
        "4 quote AAA 98 100 6",
        "6 a cancels 1",
        "open_orders#1.reply=lost",
    ),
    "an order whose fill was annulled worked here for ever, and was over at the venue": (
        MARKET,
        "1 a buys 5 AAA",
        "place#1.then=bust",
    ),
    "what was annulled unheard kept another order in doubt, and nothing could be booked before a person said so": (
        MARKET,
        "1 a buys 1 AAA",
        "1 a buys 1 AAA",
        "1 a amends last to 2",
        "1 freeze 9s",
        "place#1=cut",
        "amend#1.then=bust",
        "find#2=418:20s",
    ),
    "what was annulled of somebody else's stayed in the books, and an order that never arrived in doubt for it": (
        MARKET,
        "1 manual sell 3 AAA",
        "2 b buys 8 AAA",
        "place#1=504",
        "open_orders#3.then=bust",
    ),
    "an order that had filled in part could never be shown to be gone": (
        MARKET,
        "1 a buys 5 AAA at 100",
        "2 quote AAA 98 100 2",
        "3 a cancels 1",
        "cancel#1.race=forget",
    ),
    "the account was read over and over in the same instant while the venue took no connection": (
        MARKET,
        "1 manual buy 7 AAA",
        "1.5 cut",
        "3 restart 5s",
        "fill_push#1=drop",
        "line no_numbers",
        "fills#1-99.view=empty",
    ),
    "an amendment that was done and showed only in its fills was told to be refused": (
        MARKET,
        "1 a buys 5 AAA at 100",
        "2 a amends 1 to 8",
        "4 quote AAA 98 99",
        "amend#1.reply=lost",
        "order_push#2=drop",
    ),
    "an order that filled while its price was amended was over here and open there": (
        MARKET,
        "0.5 b buys 1 AAA at 100",
        "0.6 b amends 1 to 1 at 99",
        "0.6 quote AAA 98 99",
    ),
    "a cancel that the limits had held back was refused for its age, and the order worked on": (
        MARKET,
        "1 a buys 5 AAA at 100",
        "12 a cancels 1",
        "open_orders#3=418:20s",
        "faults end at 60",
    ),
    "a cancel that had waited for the answer to its order was refused for its age, and the order worked on": (
        MARKET,
        "1 a buys 5 AAA at 100",
        "1 a cancels 1",
        "place#1.reply=lost",
    ),
    "what an order had filled before it was taken up was booked with it once more": (
        MARKET,
        "0.5 a buys 5 AAA at 100",
        "1.5 quote AAA 98 100 3",
        "crash@leak#1",
    ),
    "at a venue that finds nothing by id, an order worked here for ever whose end nobody had heard of": (
        MARKET,
        "1 a buys 5 AAA at 100",
        "2 a cancels 1",
        "cancel#1.reply=lost",
        "order_push#2=drop",
        "line no_numbers",
        "profile blind",
    ),
}
