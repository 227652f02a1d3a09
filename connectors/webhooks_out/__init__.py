"""Signed outbound webhooks: Standard Webhooks carrying CloudEvents 1.0 JSON."""
