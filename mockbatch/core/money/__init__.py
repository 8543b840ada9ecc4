"""The cost of requests: the prompt cache, prices, the ledger, reports, and checks of external figures."""
