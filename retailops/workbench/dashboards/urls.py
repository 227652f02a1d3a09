"""Addresses of the dashboards."""

from django.urls import path

from retailops.workbench.dashboards import views

app_name = "dashboards"
urlpatterns = [
    path("", views.home, name="home"),
    path("figures/<slug:figure>/", views.rows, name="rows"),
    path("figures/<slug:figure>/export/", views.rows_export, name="rows_export"),
    path("<slug:board>/", views.board, name="board"),
]
