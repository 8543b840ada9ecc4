"""What requests cost: the prompt cache, prices, the ledger, reports, and the check of someone else's figures."""
