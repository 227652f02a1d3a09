"""Commands: one module per stage, one function per command."""
