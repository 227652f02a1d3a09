"""Dashboards: figures, each with exactly the rows that it counts; the screens that show them; the weekly summary."""
