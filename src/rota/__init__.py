"""rota: one small task service for machines, for people at a desk and for people in the field."""

__version__ = "0.1.0"
