"""Addresses of the pages of returns."""

from django.urls import path

from returns.web import (
    batch_views,
    check_views,
    correction_views,
    exchange_views,
    money_views,
    override_views,
    request_views,
    verdict_views,
    views,
    warranty_views,
)

app_name = "returns"
urlpatterns = [
    path("", views.return_list, name="list"),
    path("check/", check_views.check, name="check"),
    path("export.csv", views.return_export, name="export"),
    path("new/", request_views.find_order, name="new"),
    path("new/parcel/", request_views.blind_page, name="blind"),
    path("new/undelivered/", request_views.sender_page, name="sender"),
    path("new/<uuid:order_id>/", request_views.request_page, name="request"),
    path("store-batches/", batch_views.batch_list, name="batches"),
    path("store-batches/<uuid:batch_id>/", batch_views.batch_detail, name="batch"),
    path("<str:number>/draft/", request_views.draft_page, name="draft"),
    path("<str:number>/verdicts/<uuid:slice_id>/", verdict_views.correct, name="correct"),
    path("<str:number>/", views.return_detail, name="detail"),
    path("<str:number>/do/<slug:key>/", views.return_action, name="action"),
    path("<str:number>/receipts/<uuid:receipt_id>/reverse/", correction_views.reverse, name="reverse_receipt"),
    path("<str:number>/exchanges/<uuid:exchange_id>/<slug:step>/", exchange_views.exchange_step, name="exchange_step"),
    path("<str:number>/refunds/<uuid:refund_id>/again/", correction_views.refund_again, name="refund_again"),
    path("<str:number>/refunds/<uuid:refund_id>/override/", override_views.override, name="refund_override"),
    path("<str:number>/refunds/<uuid:refund_id>/cancel/", override_views.cancel, name="refund_cancel"),
    path("<str:number>/refunds/<uuid:refund_id>/why/", money_views.refund_why, name="refund_why"),
    path("<str:number>/refunds/<uuid:refund_id>/observed/", money_views.refund_observed, name="refund_observed"),
    path("<str:number>/memos/<uuid:memo_id>/reversed/", money_views.memo_reversed, name="memo_reversed"),
    path("<str:number>/refunds/<uuid:refund_id>/<slug:verdict>/", views.refund_verdict, name="refund_verdict"),
    path(
        "<str:number>/warranty/<uuid:assessment_id>/<slug:warranty_step>/",
        warranty_views.warranty_step,
        name="warranty_step",
    ),
]
