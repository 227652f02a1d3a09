"""Stripe: payment intents, charges, refunds and their webhooks."""
