"""Writes and reads the field, one collection a module; `everything` puts them together."""
