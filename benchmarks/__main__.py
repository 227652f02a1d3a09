"""`make bench`: run the benchmarks one after the other on the same servers and print the table."""

import argparse
import importlib
import sys

from benchmarks.report import Report
from benchmarks.stage import stage

ALL = (
    "claim_record",
    "webhook_delivery",
    "idle_latency",
    "returns_intake",
    "events_ingest",
    "eligibility",
    "hot_sku",
    "replay_plan",
    "dashboards",
    "exceptions",
)
# Run by name: what takes longer than the others together, and what says nothing of a promise.
NAMED = ("screens", "commands")


def main() -> int:
    """Run the named benchmarks (default: all); return 1 when a figure misses its bound."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of: " + ", ".join((*ALL, *NAMED)))
    names = parser.parse_args().names or ALL
    report = Report()
    with stage():
        print("| what | figure | bound | |\n|---|---|---|---|", flush=True)
        for name in names:
            importlib.import_module(f"benchmarks.{name}").run(report)
    return 0 if report.holds else 1


if __name__ == "__main__":
    sys.exit(main())
