"""The account: one router over every container's orders, its gate, its ledger and its ids."""
