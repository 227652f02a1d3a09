"""Addresses of the own account."""

from django.contrib.auth.decorators import login_required
from django.urls import path
from django.views.generic import RedirectView

from retailops.people.web import profile_views

app_name = "account"
urlpatterns = [
    path("profile/", profile_views.profile, name="profile"),
    # The own address is the identity under which roles were given: it is not changed by oneself.
    path("email/", login_required(RedirectView.as_view(pattern_name="account:profile")), name="email"),
]
