"""Where market data comes from: the feeds behind one port, and the pace at which they are heard."""
