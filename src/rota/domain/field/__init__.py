"""The field: recurring tasks at locations, people who answer them, and what is paid for the answers."""
