"""The audit log: everything that happened and everything that was refused, searched and exported with proofs."""
