"""Addresses of the pages of settlement files, their lines and matches."""

from django.urls import path

from reconciliation.web import settlement_views as views

app_name = "settlements"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("files/", views.file_list, name="files"),
    path("files/upload/", views.upload, name="upload"),
    path("files/<uuid:file_id>/", views.file_detail, name="file"),
    path("items/<int:item_id>/", views.item_detail, name="item"),
    path("items/<int:item_id>/match/<int:other_id>/", views.match, name="match"),
    path("matches/<uuid:match_id>/undo/", views.undo, name="undo"),
]
