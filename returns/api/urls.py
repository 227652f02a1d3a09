"""Addresses of orders, returns and refunds, below /api/v1/."""

from django.urls import path

from returns.api.approvals import Approvals, Approve, Refuse
from returns.api.decisions import DECISIONS
from returns.api.eligibility import EligibilityEndpoint
from returns.api.exchanges import EXCHANGES, ExchangeEndpoint, ReturnExchanges
from returns.api.goods import LINE_COMMANDS, BlindReceipts, Inspections, Receipts
from returns.api.orders import OrderBatch, OrderByChannel, OrderEndpoint, Orders
from returns.api.refunds import RefundEndpoint, RefundPreview, ReturnRefunds
from returns.api.returns import ReturnEndpoint, Returns

urlpatterns = [
    path("orders", Orders.as_view(), name="orders"),
    path("orders/batch", OrderBatch.as_view(), name="order-batch"),
    path("orders/<uuid:id>", OrderEndpoint.as_view(), name="order"),
    path("orders/<str:channel>/<path:external_id>", OrderByChannel.as_view(), name="order-by-channel"),
    path("eligibility", EligibilityEndpoint.as_view(), name="eligibility"),
    path("returns", Returns.as_view(), name="returns"),
    path("returns/blind-receipts", BlindReceipts.as_view(), name="blind-receipts"),
    path("returns/<str:id>", ReturnEndpoint.as_view(), name="return"),
    path("returns/<str:id>/receipts", Receipts.as_view(), name="return-receipts"),
    path("returns/<str:id>/inspections", Inspections.as_view(), name="return-inspections"),
    path("returns/<str:id>/refunds", ReturnRefunds.as_view(), name="return-refunds"),
    path("returns/<str:id>/refunds/preview", RefundPreview.as_view(), name="refund-preview"),
    path("returns/<str:id>/exchanges", ReturnExchanges.as_view(), name="return-exchanges"),
    path("exchanges/<uuid:id>", ExchangeEndpoint.as_view(), name="exchange"),
    *[path(f"exchanges/<uuid:id>/{verb}", view.as_view(), name=f"exchange-{verb}") for verb, view in EXCHANGES.items()],
    path("approvals", Approvals.as_view(), name="approvals"),
    path("approvals/<uuid:id>/approve", Approve.as_view(), name="approve"),
    path("approvals/<uuid:id>/refuse", Refuse.as_view(), name="refuse"),
    path("refunds/<uuid:id>", RefundEndpoint.as_view(), name="refund"),
    *[path(f"returns/<str:id>/{verb}", view.as_view(), name=f"return-{verb}") for verb, view in DECISIONS.items()],
    *[
        path(f"returns/<str:id>/lines/<int:line_no>/{verb}", view.as_view(), name=f"return-line-{verb}")
        for verb, view in LINE_COMMANDS.items()
    ],
]
