"""Stateful fakes of the outside systems, served over real HTTP. See README.md."""
