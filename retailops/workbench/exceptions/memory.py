"""How a cause was mended before, and how often that worked: of the group as a whole, and of its cases one by one."""

from dataclasses import dataclass

from django.db.models import Count, Max, QuerySet

from retailops.cases.models import Case, CaseGroup, CaseStatus, GroupEnding

SHOWN = 5


@dataclass(frozen=True)
class Way:
    """One way in which it was mended, how often, and how often that held."""

    reason: str
    times: int
    held: int
    last: GroupEnding


@dataclass(frozen=True)
class Memory:
    """What is remembered: ways of the whole, the latest first, and reasons with which its cases ended."""

    ways: list[Way]
    cases: list[tuple[str, int]]

    @property
    def held(self) -> int:
        """Return how many mendings held."""
        return sum(way.held for way in self.ways)

    @property
    def times(self) -> int:
        """Return how many mendings there were."""
        return sum(way.times for way in self.ways)


def memory_of(group: CaseGroup, visible: QuerySet[Case]) -> Memory:
    """Return what is remembered; case by case only of those that the person may see. Two queries."""
    found: dict[str, list[GroupEnding]] = {}
    for ending in group.endings.order_by("-at")[:200]:
        found.setdefault(ending.reason, []).append(ending)
    ways = [
        Way(reason, len(every), sum(1 for each in every if each.came_back_at is None), every[0])
        for reason, every in found.items()
    ]
    ended = visible.filter(group=group, status=CaseStatus.RESOLVED).order_by().values("resolution_reason")
    counted = ended.annotate(n=Count("*"), last=Max("resolved_at")).order_by("-n", "-last")[:SHOWN]
    return Memory(ways[:SHOWN], [(row["resolution_reason"], row["n"]) for row in counted])
