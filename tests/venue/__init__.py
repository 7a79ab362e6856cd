"""An exchange to break against, from its books up to a process with sockets. Every layer can be used by itself.

The exchange: pure, synchronous, exact, with the time as an argument.

    exchange = Exchange([Listing(symbol="AAA")], rules=Rules(), store=FileStore(path))     # or MemoryStore()
    exchange.deposit("USD", "10000")
    exchange.quote("AAA", "99", "101", now_ns, bid_size="5", ask_size="5")
    order = exchange.place(Ticket(symbol="AAA", side=Side.BUY, quantity=Decimal(5), cid="bk1"), now_ns)  # or Refused
    exchange.trade_manually("AAA", Side.SELL, "2", now_ns)
    exchange.dump()         # all orders and fills ever, cash, positions: the oracle's truth
    Exchange([...], store=FileStore(path))      # goes on where the last one was killed

The line: also pure. Calls are those of docs/brokers-plain.md; faults come in by their sites (see `faults.MENU`), and
what comes out is what the clients hear by then.

    gateway = Gateway(exchange, Faults(["place#3.reply=lost"], seed=7, rates={"fill_push=twice": 0.1}))
    ticket, stream = gateway.send(Call(method="GET", target="/account"), now_ns), gateway.connect(now_ns)
    for output in gateway.advance(now_ns): ...          # Answered, Broken, Pushed, Closed; a lost answer never comes
    gateway.next_ns()                                   # when to advance again; None for never
    gateway.restart(now_ns, down_ns); gateway.freeze(now_ns); gateway.thaw(); gateway.cut(now_ns)
    gateway.faults.happened                             # a script that repeats what came

`inprocess.InProcessVenue` puts the plain broker's own reading and writing on top of a gateway, for harnesses under
virtual time: Requests in, VenueMessages out.

The process: `python -m tests.venue.server --help` serves REST, the order stream, market data for tests/live/adapter.py
and, under a path and a token of its own, the means to set prices, script faults, trade by hand and dump the books.
`processes.venue(...)` starts one and gives a `Venue` to steer it by.
"""
