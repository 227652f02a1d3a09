"""A warehouse (WMS or 3PL) over REST with Standard Webhooks; its contract is `contract.json`."""
