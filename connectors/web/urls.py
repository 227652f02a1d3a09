"""Addresses of the pages of connections."""

from django.urls import path

from connectors.web import code_views, views

app_name = "connections"
urlpatterns = [
    path("", views.connection_list, name="list"),
    path("<slug:name>/", views.connection_detail, name="detail"),
    path("<slug:name>/codes/", code_views.codes, name="codes"),
    path("<slug:name>/codes/map/", code_views.map_one, name="map_code"),
    path("<slug:name>/pause/", views.pause, name="pause"),
    path("<slug:name>/resume/", views.resume, name="resume"),
    path("<slug:name>/probe/", views.probe, name="probe"),
    path("<slug:name>/faults/<slug:key>/", views.fault, name="fault"),
]
