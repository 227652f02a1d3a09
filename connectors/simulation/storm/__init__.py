"""A storm: as many returns as wanted, lived at random through the real commands, with all that goes wrong outside.

No worker and no sandbox takes part. What the other systems say comes by the same commands that the inbox calls: late,
twice, out of order, contradicting itself. Afterwards `manage.py audit` must find nothing.
"""
