"""The only writers: one function is one transaction's worth of change, with its events."""
