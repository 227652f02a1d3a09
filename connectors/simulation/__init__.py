"""A trading retailer, made up: orders, returns and what the outside world does about them. Demo and load only."""
