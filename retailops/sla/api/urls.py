"""Addresses of promises and clocks, below /api/v1/."""

from django.urls import path

from retailops.sla.api.endpoints import Clocks, Promises

urlpatterns = [
    path("sla/policies", Promises.as_view(), name="sla-policies"),
    path("sla/clocks", Clocks.as_view(), name="sla-clocks"),
]
