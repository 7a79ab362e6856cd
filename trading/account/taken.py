"""What the router hands out: to be recorded, sent and told, in the same step."""

import msgspec

from trading.account.breakers import Probe
from trading.account.records import BreakerChanged
from trading.commands import RefusedOrder, ScheduleTimer, SubmitOrder, Trip, WireCommand
from trading.postings import Posting
from trading.reports import ExecutionReport


class Taken(msgspec.Struct, kw_only=True):
    """What came of commands, or of what was heard: to be recorded, sent, scheduled, and told without asking the market.

    `breakers` are recorded before what is sent: an order that follows one that opens could only leave because it
    reduces. `probes` are questions to the venue that breakers wait for. `held` are orders that wait for others to go:
    they are to be taken again with the next batch.
    """

    breakers: list[BreakerChanged] = []
    sends: list[WireCommand] = []
    refused: list[RefusedOrder] = []
    trips: list[Trip] = []
    timers: list[ScheduleTimer] = []
    reports: list[ExecutionReport] = []
    postings: list[Posting] = []
    probes: list[Probe] = []
    held: list[SubmitOrder] = []
