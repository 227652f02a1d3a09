"""Pages of people and API clients."""
