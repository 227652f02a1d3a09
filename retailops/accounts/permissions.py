"""What may be done, and which role or API scope allows it."""

from django.db.models import TextChoices


class Permission(TextChoices):
    """One thing that a person or a system may do."""

    ORDERS_VIEW = "orders.view"
    ORDERS_WRITE = "orders.write"
    CUSTOMERS_VIEW = "customers.view"
    CUSTOMERS_MANAGE = "customers.manage"
    RETURNS_VIEW = "returns.view"
    RETURNS_REQUEST = "returns.request"
    RETURNS_DECIDE = "returns.decide"
    RETURNS_RECEIVE = "returns.receive"
    RETURNS_INSPECT = "returns.inspect"
    RETURNS_REOPEN = "returns.reopen"
    REFUNDS_VIEW = "refunds.view"
    REFUNDS_PROPOSE = "refunds.propose"
    REFUNDS_SETTLE = "refunds.settle"
    REFUNDS_OBSERVE = "refunds.observe"
    STORED_VALUE_VIEW = "stored_value.view"
    STORED_VALUE_ISSUE = "stored_value.issue"
    STORED_VALUE_REDEEM = "stored_value.redeem"
    STORED_VALUE_VOID = "stored_value.void"
    APPROVALS_DECIDE = "approvals.decide"
    CLAIMS_VIEW = "claims.view"
    CLAIMS_WORK = "claims.work"
    SUPPLIERS_MANAGE = "suppliers.manage"
    FRAUD_VIEW = "fraud.view"
    FRAUD_DECIDE = "fraud.decide"
    INVENTORY_VIEW = "inventory.view"
    INVENTORY_WRITE = "inventory.write"
    INVENTORY_MANAGE = "inventory.manage"
    EVENTS_READ = "events.read"
    EVENTS_WRITE = "events.write"
    DELIVERIES_VIEW = "deliveries.view"
    DELIVERIES_REPLAY = "deliveries.replay"
    DELIVERIES_DISCARD = "deliveries.discard"
    CONNECTIONS_VIEW = "connections.view"
    CONNECTIONS_MANAGE = "connections.manage"
    CASES_VIEW = "cases.view"
    CASES_WORK = "cases.work"
    CASES_MANAGE = "cases.manage"
    POLICIES_VIEW = "policies.view"
    POLICIES_MANAGE = "policies.manage"
    PEOPLE_MANAGE = "people.manage"
    AUDIT_VIEW = "audit.view"
    AUDIT_EXPORT = "audit.export"
    DASHBOARDS_VIEW = "dashboards.view"
    DISCREPANCIES_VIEW = "discrepancies.view"
    DISCREPANCIES_RESOLVE = "discrepancies.resolve"
    SETTLEMENTS_VIEW = "settlements.view"
    SETTLEMENTS_IMPORT = "settlements.import"
    SETTLEMENTS_MATCH = "settlements.match"


class Role(TextChoices):
    """The seven roles; each is granted for regions and brands, or for all."""

    OPS_AGENT = "ops_agent", "Ops agent"
    OPS_LEAD = "ops_lead", "Ops lead"
    FINANCE_APPROVER = "finance_approver", "Finance approver"
    MANAGER = "manager", "Manager"
    CONNECTOR_ADMIN = "connector_admin", "Connector admin"
    AUDITOR = "auditor", "Auditor"
    ADMINISTRATOR = "administrator", "Administrator"


P = Permission
_LOOK = frozenset({
    P.ORDERS_VIEW, P.RETURNS_VIEW, P.REFUNDS_VIEW, P.INVENTORY_VIEW, P.DELIVERIES_VIEW, P.CONNECTIONS_VIEW,
    P.CASES_VIEW, P.EVENTS_READ, P.POLICIES_VIEW, P.DASHBOARDS_VIEW, P.CLAIMS_VIEW, P.FRAUD_VIEW, P.STORED_VALUE_VIEW,
    P.DISCREPANCIES_VIEW,
})  # fmt: skip
_AGENT = _LOOK | {
    P.RETURNS_REQUEST, P.RETURNS_DECIDE, P.RETURNS_RECEIVE, P.RETURNS_INSPECT, P.REFUNDS_PROPOSE, P.CASES_WORK,
    P.DELIVERIES_REPLAY, P.CLAIMS_WORK, P.FRAUD_DECIDE, P.STORED_VALUE_ISSUE, P.CUSTOMERS_VIEW, P.INVENTORY_WRITE,
}  # fmt: skip
_LEAD = _AGENT | {
    P.RETURNS_REOPEN, P.DELIVERIES_DISCARD, P.APPROVALS_DECIDE, P.AUDIT_VIEW, P.SUPPLIERS_MANAGE, P.REFUNDS_OBSERVE,
    P.STORED_VALUE_VOID, P.CUSTOMERS_MANAGE, P.DISCREPANCIES_RESOLVE, P.INVENTORY_MANAGE, P.CASES_MANAGE,
    P.SETTLEMENTS_VIEW,
}  # fmt: skip

ROLE_PERMISSIONS: dict[str, frozenset[Permission]] = {
    Role.OPS_AGENT: frozenset(_AGENT),
    Role.OPS_LEAD: frozenset(_LEAD),
    Role.FINANCE_APPROVER: frozenset(_LOOK | {
        P.APPROVALS_DECIDE, P.REFUNDS_PROPOSE, P.CASES_WORK, P.AUDIT_VIEW, P.CLAIMS_WORK, P.FRAUD_DECIDE,
        P.DISCREPANCIES_RESOLVE, P.SETTLEMENTS_VIEW, P.SETTLEMENTS_IMPORT, P.SETTLEMENTS_MATCH,
    }),
    Role.MANAGER: frozenset(_LOOK | {P.AUDIT_VIEW, P.POLICIES_MANAGE, P.SETTLEMENTS_VIEW}),
    Role.CONNECTOR_ADMIN: frozenset(_LOOK | {P.CONNECTIONS_MANAGE, P.CASES_WORK, P.DELIVERIES_REPLAY}),
    Role.AUDITOR: frozenset(_LOOK | {P.AUDIT_VIEW, P.AUDIT_EXPORT, P.SETTLEMENTS_VIEW}),
    Role.ADMINISTRATOR: frozenset(Permission),
}  # fmt: skip

SCOPE_PERMISSIONS: dict[str, frozenset[Permission]] = {
    "orders:read": frozenset({P.ORDERS_VIEW}),
    "orders:write": frozenset({P.ORDERS_VIEW, P.ORDERS_WRITE}),
    "customers:read": frozenset({P.CUSTOMERS_VIEW}),
    "customers:write": frozenset({P.CUSTOMERS_VIEW, P.CUSTOMERS_MANAGE}),
    "discrepancies:read": frozenset({P.DISCREPANCIES_VIEW}),
    "settlements:read": frozenset({P.SETTLEMENTS_VIEW}),
    "settlements:write": frozenset({P.SETTLEMENTS_VIEW, P.SETTLEMENTS_IMPORT}),
    "returns:read": frozenset({P.RETURNS_VIEW, P.ORDERS_VIEW, P.REFUNDS_VIEW, P.CASES_VIEW}),
    "returns:write": frozenset({
        P.RETURNS_VIEW, P.ORDERS_VIEW, P.REFUNDS_VIEW, P.RETURNS_REQUEST, P.RETURNS_DECIDE, P.RETURNS_RECEIVE,
        P.RETURNS_INSPECT,
    }),
    "refunds:read": frozenset({P.REFUNDS_VIEW, P.RETURNS_VIEW}),
    "refunds:write": frozenset({P.REFUNDS_VIEW, P.RETURNS_VIEW, P.REFUNDS_PROPOSE}),
    "refunds:observe": frozenset({P.REFUNDS_OBSERVE, P.ORDERS_VIEW, P.REFUNDS_VIEW}),
    "stored_value:read": frozenset({P.STORED_VALUE_VIEW}),
    "stored_value:write": frozenset({
        P.STORED_VALUE_VIEW, P.STORED_VALUE_ISSUE, P.STORED_VALUE_REDEEM, P.STORED_VALUE_VOID, P.ORDERS_VIEW,
    }),
    "approvals:write": frozenset({P.APPROVALS_DECIDE, P.REFUNDS_VIEW, P.RETURNS_VIEW}),
    "claims:read": frozenset({P.CLAIMS_VIEW}),
    "claims:write": frozenset({P.CLAIMS_VIEW, P.CLAIMS_WORK}),
    "suppliers:write": frozenset({P.CLAIMS_VIEW, P.SUPPLIERS_MANAGE}),
    "fraud:read": frozenset({P.FRAUD_VIEW}),
    "fraud:write": frozenset({P.FRAUD_VIEW, P.FRAUD_DECIDE}),
    "policies:read": frozenset({P.POLICIES_VIEW}),
    "policies:write": frozenset({P.POLICIES_VIEW, P.POLICIES_MANAGE}),
    "inventory:read": frozenset({P.INVENTORY_VIEW}),
    "inventory:write": frozenset({P.INVENTORY_VIEW, P.INVENTORY_WRITE}),
    "inventory:admin": frozenset({P.INVENTORY_VIEW, P.INVENTORY_WRITE, P.INVENTORY_MANAGE}),
    "events:read": frozenset({P.EVENTS_READ}),
    "events:write": frozenset({P.EVENTS_WRITE}),
    "deliveries:read": frozenset({P.DELIVERIES_VIEW}),
    "deliveries:write": frozenset({P.DELIVERIES_VIEW, P.DELIVERIES_REPLAY, P.DELIVERIES_DISCARD}),
    "cases:read": frozenset({P.CASES_VIEW}),
    "cases:write": frozenset({P.CASES_VIEW, P.CASES_WORK}),
    "connections:read": frozenset({P.CONNECTIONS_VIEW}),
    "connections:admin": frozenset({P.CONNECTIONS_VIEW, P.CONNECTIONS_MANAGE}),
    "people:admin": frozenset({P.PEOPLE_MANAGE}),
    "audit:read": frozenset({P.AUDIT_VIEW}),
    "audit:export": frozenset({P.AUDIT_VIEW, P.AUDIT_EXPORT}),
}  # fmt: skip
