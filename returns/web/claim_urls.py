"""Addresses of the pages of claims."""

from django.urls import path

from returns.web import claim_views, supplier_views

app_name = "claims"
urlpatterns = [
    path("", claim_views.claim_list, name="list"),
    path("draft/<uuid:slice_id>/", claim_views.claim_draft, name="draft"),
    path("approvals/<uuid:approval_id>/<slug:verdict>/", claim_views.claim_verdict, name="verdict"),
    path("suppliers/", supplier_views.supplier_list, name="suppliers"),
    path("suppliers/add/", supplier_views.supplier_add, name="supplier_add"),
    path("suppliers/of/<str:supplier_code>/", supplier_views.supplier_detail, name="supplier"),
    path("suppliers/of/<str:supplier_code>/terms/", supplier_views.supplier_edit, name="supplier_edit"),
    path("suppliers/of/<str:supplier_code>/sku/", supplier_views.supplier_sku, name="supplier_sku"),
    path("<str:claim_number>/", claim_views.claim_detail, name="detail"),
    path("<str:claim_number>/do/<slug:claim_key>/", claim_views.claim_action, name="action"),
]
