"""Events of warranty."""
