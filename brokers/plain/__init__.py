"""A venue that speaks the plain protocol of docs/brokers-plain.md: REST for what is asked, a websocket for its pushes.

It is the protocol of Bulkhead's own test venue, and the template of an adapter: every venue's folder has these files.
"""
