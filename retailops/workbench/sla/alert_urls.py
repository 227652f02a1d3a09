"""Addresses of alerts, below /alerts/."""

from django.urls import path

from retailops.workbench.sla import alert_views

app_name = "alerts"
urlpatterns = [
    path("", alert_views.alert_list, name="list"),
    path("settings/", alert_views.alert_settings, name="settings"),
    path("settings/channels/new/", alert_views.channel_add, name="channel_add"),
    path("settings/channels/<uuid:channel_id>/retire/", alert_views.channel_retire, name="channel_retire"),
    path("settings/rules/new/", alert_views.rule_edit, name="rule_add"),
    path("settings/rules/<uuid:rule_id>/", alert_views.rule_edit, name="rule_edit"),
    path("settings/rules/<uuid:rule_id>/retire/", alert_views.rule_retire, name="rule_retire"),
    path("settings/mute/", alert_views.mute_add, name="mute"),
    path("settings/mutes/<uuid:mute_id>/end/", alert_views.mute_end, name="mute_end"),
    path("<uuid:alert_id>/acknowledge/", alert_views.alert_acknowledge, name="acknowledge"),
    path("<uuid:alert_id>/reopen/", alert_views.alert_reopen, name="reopen"),
]
