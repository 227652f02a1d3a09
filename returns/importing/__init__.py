"""Take a retailer's history over from a file: orders, returns, adjustments; every line accounted for."""
