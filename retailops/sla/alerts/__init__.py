"""Alerts: raised by what is published, sent once a window, muted, acknowledged, escalated."""
