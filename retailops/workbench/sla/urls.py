"""Addresses of promises, clocks and business hours, below /sla/."""

from django.urls import path

from retailops.workbench.sla import clock_views, policy_views

app_name = "sla"
urlpatterns = [
    path("", policy_views.policy_list, name="list"),
    path("clocks/", clock_views.clock_list, name="clocks"),
    path("hours/", clock_views.hours_list, name="hours"),
    path("hours/new/", clock_views.hours_edit, name="hours_new"),
    path("hours/<slug:calendar>/", clock_views.hours_edit, name="hours_edit"),
    path("<slug:name>/<int:version>/", policy_views.policy_detail, name="detail"),
    path("<slug:name>/<int:version>/preview/", policy_views.policy_preview, name="preview"),
    path("<slug:name>/<int:version>/new/", policy_views.policy_new, name="new"),
    path("<slug:name>/<int:version>/edit/", policy_views.policy_edit, name="edit"),
    path("<slug:name>/<int:version>/do/<slug:promise_step>/", policy_views.policy_step, name="step"),
]
