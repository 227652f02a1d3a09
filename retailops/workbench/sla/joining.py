"""Joins clocks with cases: a case shows when its clock is due."""

from retailops.cases.services import set_due
from retailops.sla.telling import register_bearer

CASE_PROMISE = "case_resolution"


def join() -> None:
    """Have the due times of the clocks of cases written on the cases."""
    register_bearer(CASE_PROMISE, set_due)
