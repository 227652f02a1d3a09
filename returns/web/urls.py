"""Addresses of the pages of returns."""

from django.urls import path

from returns.web import correction_views, exchange_views, views

app_name = "returns"
urlpatterns = [
    path("", views.return_list, name="list"),
    path("export.csv", views.return_export, name="export"),
    path("<str:number>/", views.return_detail, name="detail"),
    path("<str:number>/do/<slug:key>/", views.return_action, name="action"),
    path("<str:number>/receipts/<uuid:receipt_id>/reverse/", correction_views.reverse, name="reverse_receipt"),
    path("<str:number>/exchanges/<uuid:exchange_id>/<slug:step>/", exchange_views.exchange_step, name="exchange_step"),
    path("<str:number>/refunds/<uuid:refund_id>/again/", correction_views.refund_again, name="refund_again"),
    path("<str:number>/refunds/<uuid:refund_id>/<slug:verdict>/", views.refund_verdict, name="refund_verdict"),
]
