"""Who may do what: people, roles, API clients, the second factor by role."""
