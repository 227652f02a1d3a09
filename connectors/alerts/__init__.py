"""Alert channels: e-mail, signed webhooks, Slack-compatible webhooks; their commands, routes and transport."""
