"""Processes that the engine's tests start and kill: they send to a folder instead of a system."""
