"""What runs: the ledger says what counts, the runner works chunks, the supervisor keeps processes alive."""
