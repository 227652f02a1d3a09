"""Addresses for load balancers and monitoring; wired at the root."""

from django.urls import path

from retailops.runtime import views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics_text, name="metrics"),
]
