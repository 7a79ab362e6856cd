"""The simulated market: resting orders, matching, costs and a cash account, pure and deterministic."""
