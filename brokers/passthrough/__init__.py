"""A market without a market: everything fills at once at the reference price. For trying things out, never for live."""
