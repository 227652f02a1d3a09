"""What a storm says of itself at its end."""

from collections.abc import Iterator

from connectors.simulation.storm.living import Totals

MOST = 40


def lines_of(seed: int, totals: Totals, *, refusals: bool = False) -> Iterator[str]:
    """Yield the lines: the seed, returns by kind, commands with how many were done and refused, and their time."""
    done, refused = totals.done.total(), totals.refused.total()
    yield (
        f"{totals.returns} returns lived with seed {seed}: {done} commands done, {refused} refused, "
        f"{totals.deadlocks} deadlocks lost."
    )
    yield "  " + ", ".join(f"{count} {kind}" for kind, count in totals.kinds.most_common())
    for name, seconds in sorted(totals.seconds.items(), key=lambda each: -each[1]):
        yield f"{totals.done[name]:>9} done {totals.refused[name]:>7} refused {seconds:>8.1f} s  {name}"
    if refusals:
        yield from (f"{count:>9}  {reason}" for reason, count in totals.reasons.most_common(MOST))
