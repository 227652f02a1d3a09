"""Shopify Admin GraphQL: orders, returns, refunds, dispositions, inventory and their webhooks."""
