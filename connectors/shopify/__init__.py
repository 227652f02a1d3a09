"""Shopify: orders and returns in by webhook, refunds, dispositions and decisions out by the GraphQL Admin API."""
