"""The trace of one transaction: everything that happened under its correlation id, across all systems, in order."""
