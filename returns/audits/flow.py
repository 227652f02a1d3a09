"""The sums of what came and went are what the returns themselves say."""

from typing import LiteralString

from retailops.lib.audit import register_sql_audit
from returns.flow import COUNTED

_BEGIN: LiteralString = """
SELECT 'quarter of an hour ' || to_char(at, 'YYYY-MM-DD HH24:MI') || ' in ' || region || '/' || brand,
       'kept ' || coalesce(k.came, 0) || ' and ' || coalesce(k.went, 0) || ', counted ' || coalesce(c.came, 0) ||
       ' and ' || coalesce(c.went, 0)
  FROM ("""
_END: LiteralString = """) c
  FULL JOIN (SELECT at, region, brand, sum(came) AS came, sum(went) AS went FROM returns_returnflow
              GROUP BY at, region, brand HAVING sum(came) <> 0 OR sum(went) <> 0) k USING (at, region, brand)
 WHERE (c.came, c.went) IS DISTINCT FROM (k.came, k.went)
"""


def register() -> None:
    """Register the audit."""
    register_sql_audit("what came and went is what the returns say", _BEGIN + COUNTED + _END)
