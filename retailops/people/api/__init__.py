"""People and API clients on the wire."""
