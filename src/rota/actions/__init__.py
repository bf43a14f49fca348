"""What a bulk job does to a row. registry.py is the way in; every other module is one category of the catalogue."""
