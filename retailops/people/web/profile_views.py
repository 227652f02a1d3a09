"""The own profile."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from retailops.accounts.models import User
from retailops.accounts.second_factor import has_second_factor, needs_second_factor
from retailops.accounts.web import actor_of
from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show
from retailops.people.services.profile import change_profile
from retailops.people.web.forms import ProfileForm


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Show the own name, time zone, roles and sign-in, or change name and time zone."""
    actor, person = actor_of(request), User.objects.get(email=request.user.get_username())
    form = ProfileForm(request.POST or None, initial={"name": person.name, "time_zone": person.time_zone})

    def run() -> object:
        return change_profile(actor, name=form.cleaned_data["name"], time_zone=form.cleaned_data["time_zone"])

    if request.method == "POST" and form.is_valid() and accepted(form, run):
        return done(request, reverse("account:profile"), "Saved.")
    context = {
        "form": form, "person": person, "grants": person.grants.order_by("role", "id"),
        "second_factor": has_second_factor(person), "second_factor_needed": needs_second_factor(actor),
    }  # fmt: skip
    return show(request, "people/profile.html", context, status=422 if form.errors else 200)
