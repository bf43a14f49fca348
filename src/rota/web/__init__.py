"""Mounts the dialects beside health, metrics and docs; knows HTTP, and nothing of what a dialect means."""
