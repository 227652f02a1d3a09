"""Addresses of the pages of policies and vocabularies."""

from django.urls import path

from returns.web import policy_views, vocabulary_views

app_name = "policies"
urlpatterns = [
    path("", policy_views.policy_list, name="list"),
    path("new/", policy_views.policy_new, name="new"),
    path("codes/", vocabulary_views.vocabulary_list, name="vocabularies"),
    path("codes/<slug:vocabulary>/new/", vocabulary_views.term_new, name="term_new"),
    path("codes/<slug:vocabulary>/<slug:code>/", vocabulary_views.term_edit, name="term"),
    path("codes/<slug:vocabulary>/<slug:code>/<slug:verb>/", vocabulary_views.term_switch, name="term_switch"),
    path("<slug:name>/<int:version>/", policy_views.policy_detail, name="detail"),
    path("<slug:name>/<int:version>/edit/", policy_views.policy_edit, name="edit"),
    path("<slug:name>/<int:version>/impact/", policy_views.policy_impact, name="impact"),
    path("<slug:name>/<int:version>/do/<slug:key>/", policy_views.policy_step, name="step"),
]
