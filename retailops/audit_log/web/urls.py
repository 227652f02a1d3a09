"""Addresses of the audit log."""

from django.urls import path

from retailops.audit_log.web import views

app_name = "audit"
urlpatterns = [
    path("", views.audit_list, name="list"),
    path("export/", views.audit_export, name="export"),
]
