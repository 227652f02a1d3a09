"""Addresses of the pages of people."""

from django.urls import path

from retailops.people.web import people_views

app_name = "people"
urlpatterns = [
    path("", people_views.person_list, name="list"),
    path("invite/", people_views.person_invite, name="invite"),
    path("second-factor/", people_views.second_factor_rule, name="second_factor"),
    path("<uuid:person_id>/", people_views.person_detail, name="detail"),
    path("<uuid:person_id>/grant/", people_views.person_grant, name="grant"),
    path("<uuid:person_id>/grants/<int:grant_id>/revoke/", people_views.person_revoke, name="revoke"),
    path("<uuid:person_id>/do/<slug:person_verb>/", people_views.person_step, name="step"),
]
