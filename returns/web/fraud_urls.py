"""Addresses of the pages of fraud reviews."""

from django.urls import path

from returns.web import fraud_views

app_name = "fraud"
urlpatterns = [
    path("", fraud_views.review_list, name="list"),
    path("<uuid:review_id>/", fraud_views.review_detail, name="detail"),
    path("<uuid:review_id>/<slug:review_verdict>/", fraud_views.review_verdict, name="verdict"),
]
