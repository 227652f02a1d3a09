"""Composition of every address of the product."""

from django.urls import include, path

from connectors.webhooks_in.views import receive_webhook
from retailops.api import docs_urlpatterns

urlpatterns = [
    path("api/v1/", include("retailops.api")),
    path("api/", include((docs_urlpatterns, "api-docs"))),
    path("webhooks/<slug:name>", receive_webhook, name="webhook-in"),
    path("accounts/", include("retailops.people.web.account_urls")),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/mfa/", include("allauth.mfa.urls")),
    path("returns/", include("returns.web.urls")),
    path("policies/", include("returns.web.policy_urls")),
    path("stock/", include("inventory.web.urls")),
    path("claims/", include("returns.web.claim_urls")),
    path("fraud-reviews/", include("returns.web.fraud_urls")),
    path("stored-value/", include("returns.web.stored_urls")),
    path("orders/", include("returns.web.order_urls")),
    path("customers/", include("returns.web.customer_urls")),
    path("discrepancies/", include("reconciliation.web.urls")),
    path("reconciliation/", include("reconciliation.web.settlement_urls")),
    path("connections/subscriptions/", include("connectors.web.endpoint_urls")),
    path("connections/", include("connectors.web.urls")),
    path("people/", include("retailops.people.web.urls")),
    path("api-clients/", include("retailops.people.web.client_urls")),
    path("dashboards/", include("retailops.workbench.dashboards.urls")),
    path("sla/", include("retailops.workbench.sla.urls")),
    path("alerts/", include("retailops.workbench.sla.alert_urls")),
    path("audit/", include("retailops.audit_log.web.urls")),
    path("", include("retailops.runtime.urls")),
    path("", include("retailops.workbench.urls")),
]

handler400 = "retailops.workbench.views.errors.bad_request"
handler403 = "retailops.workbench.views.errors.forbidden"
handler404 = "retailops.workbench.views.errors.not_found"
handler500 = "retailops.workbench.views.errors.server_error"
