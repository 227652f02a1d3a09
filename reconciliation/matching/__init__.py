"""Matching, stage by stage: set-based statements over what is open, for one lane at a time under its lock."""

# Which rules these stages are; kept with every match. It changes with any statement that decides.
RULE_VERSION = "2026-11.1"
