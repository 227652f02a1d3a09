"""Addresses of the pages of stored value."""

from django.urls import path

from returns.web import stored_views as views

app_name = "stored"
urlpatterns = [
    path("", views.account_list, name="list"),
    path("<uuid:account_id>/", views.account_detail, name="detail"),
    path("<uuid:account_id>/code/", views.new_code, name="code"),
    path("<uuid:account_id>/void/", views.end_account, name="void"),
    path("entries/<uuid:entry_id>/void/", views.take_back, name="take_back"),
    path("give/<str:number>/", views.give, name="give"),
    path("gifts/<uuid:approval_id>/<slug:verdict>/", views.gift_verdict, name="gift_verdict"),
]
