"""Proofs about access, over the whole database."""

from retailops.lib.audit import register_sql_audit

# Once an administrator was made by command, there is an active one for everything, whatever happened since.
AN_ADMINISTRATOR = """
SELECT 'access', 'nobody active administrates all regions and brands'
WHERE EXISTS (SELECT FROM events_event WHERE type = 'role.granted' AND data ->> 'role' = 'administrator'
              AND data -> 'regions' ? '*' AND data -> 'brands' ? '*')
  AND NOT EXISTS (
    SELECT FROM accounts_rolegrant AS held JOIN accounts_user AS person ON person.id = held.user_id
    WHERE held.role = 'administrator' AND person.is_active AND '*' = ANY(held.regions) AND '*' = ANY(held.brands))
"""
# A grant that a person or a key gave was told, and was not told to be taken.
GRANTS_ARE_TOLD = """
SELECT 'person/' || held.user_id, 'has ' || held.role || ' without an event that gave it'
FROM accounts_rolegrant AS held
WHERE held.granted_by ~ '^(user|api_client):' AND NOT EXISTS (
    SELECT FROM events_event AS told
    WHERE told.subject_id = held.user_id AND told.type = 'role.granted' AND told.data ->> 'role' = held.role
      AND (told.data ->> 'grant_id')::bigint = held.id
      AND told.data -> 'regions' = to_jsonb(held.regions) AND told.data -> 'brands' = to_jsonb(held.brands))
UNION ALL
SELECT 'person/' || told.subject_id, 'still has ' || (told.data ->> 'role') || ', which was taken'
FROM events_event AS told JOIN accounts_rolegrant AS held ON held.id = (told.data ->> 'grant_id')::bigint
WHERE told.type = 'role.revoked'
"""
CLIENTS_ARE_TOLD = """
SELECT 'api_client/' || client.id, 'is open although it was revoked'
FROM accounts_apiclient AS client
WHERE client.revoked_at IS NULL
  AND EXISTS (SELECT FROM events_event AS told WHERE told.subject_id = client.id AND told.type = 'api_client.revoked')
UNION ALL
SELECT 'api_client/' || client.id, 'does not have the scopes, regions and brands that were told last'
FROM accounts_apiclient AS client
CROSS JOIN LATERAL (
    SELECT data FROM events_event AS told
    WHERE told.subject_id = client.id AND told.type LIKE 'api\\_client.%%' ORDER BY position DESC LIMIT 1) AS last
WHERE last.data -> 'scopes' <> to_jsonb(client.scopes) OR last.data -> 'regions' <> to_jsonb(client.regions)
   OR last.data -> 'brands' <> to_jsonb(client.brands)
"""
OUT_IS_OUT = """
SELECT 'person/' || person.id, 'may sign in although deactivated'
FROM accounts_user AS person
CROSS JOIN LATERAL (
    SELECT type FROM events_event AS told
    WHERE told.subject_id = person.id AND told.type IN ('person.deactivated', 'person.reactivated')
    ORDER BY position DESC LIMIT 1) AS last
WHERE person.is_active AND last.type = 'person.deactivated'
"""


def register() -> None:
    """Register the audits of access."""
    register_sql_audit("somebody active administrates everything", AN_ADMINISTRATOR)
    register_sql_audit("every role was given by an event and not taken", GRANTS_ARE_TOLD)
    register_sql_audit("an API client opens what was told last", CLIENTS_ARE_TOLD)
    register_sql_audit("whoever was deactivated is out", OUT_IS_OUT)
