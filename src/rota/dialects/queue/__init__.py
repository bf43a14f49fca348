"""The queue dialect: the desk over HTTP, as plain JSON."""
