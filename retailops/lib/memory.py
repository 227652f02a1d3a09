"""What a serving process keeps for ever is no work for the garbage collector."""

import gc


def settle_in() -> None:
    """Take everything that start-up made out of the collector's sight; call it once the process is ready to serve.

    Half a million objects of Django and its libraries would be walked again and again for nothing: claiming and
    recording deliveries costs half as much again without this.
    """
    gc.collect()
    gc.freeze()
