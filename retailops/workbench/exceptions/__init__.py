"""Exceptions: causes with what they cost, their items, and the one box that finds them."""
