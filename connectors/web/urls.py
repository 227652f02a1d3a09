"""Addresses of the pages of connections."""

from django.urls import path

from connectors.web import (
    adding,
    code_views,
    editing,
    inbox_views,
    life_views,
    mapping_views,
    version_views,
    views,
)

app_name = "connections"
urlpatterns = [
    path("", views.connection_list, name="list"),
    path("new/", adding.choose, name="new"),
    path("new/<slug:vendor>/", adding.add, name="add"),
    path("<slug:name>/", views.connection_detail, name="detail"),
    path("<slug:name>/edit/", editing.edit, name="edit"),
    path("<slug:name>/versions/", version_views.versions, name="versions"),
    path("<slug:name>/versions/<int:number>/restore/", version_views.restore, name="restore"),
    path("<slug:name>/secrets/<slug:secret>/", life_views.rotate, name="rotate"),
    path("<slug:name>/mapping/", mapping_views.mapping, name="mapping"),
    path("<slug:name>/mapping/trials/<uuid:trial_id>/", mapping_views.trial, name="trial"),
    path("<slug:name>/mapping/trials/<uuid:trial_id>/activate/", mapping_views.activate, name="activate"),
    path("<slug:name>/inbox/", inbox_views.inbox, name="inbox"),
    path("<slug:name>/inbox/<uuid:message_id>/", inbox_views.message, name="message"),
    path("<slug:name>/inbox/<uuid:message_id>/retry/", inbox_views.retry, name="message_retry"),
    path("<slug:name>/inbox/<uuid:message_id>/set-aside/", inbox_views.set_aside, name="set_aside"),
    path("<slug:name>/mute/", life_views.mute, name="mute"),
    path("<slug:name>/unmute/", life_views.unmute, name="unmute"),
    path("<slug:name>/retire/", life_views.retire, name="retire"),
    path("<slug:name>/codes/", code_views.codes, name="codes"),
    path("<slug:name>/codes/map/", code_views.map_one, name="map_code"),
    path("<slug:name>/pause/", views.pause, name="pause"),
    path("<slug:name>/resume/", views.resume, name="resume"),
    path("<slug:name>/probe/", views.probe, name="probe"),
    path("<slug:name>/faults/<slug:key>/", views.fault, name="fault"),
]
