"""Addresses of the audit log, below /api/v1/."""

from django.urls import path

from retailops.audit_log.api.endpoints import AuditExports, AuditLog

urlpatterns = [
    path("audit-log", AuditLog.as_view(), name="audit-log"),
    path("audit-exports", AuditExports.as_view(), name="audit-exports"),
]
