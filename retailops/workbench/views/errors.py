"""Pages for what went wrong outside a view; the API gets problem documents."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from retailops.lib.errors import Denied, Invalid, NotFound
from retailops.lib.problem import Broken, problem_response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that could not be understood."""
    if _api(request):
        return problem_response(Invalid("The request could not be understood."))
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that is not allowed."""
    if _api(request):
        return problem_response(Denied("This is not permitted."))
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request for what is not there."""
    if _api(request):
        return problem_response(NotFound("There is no such address."))
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer after a fault of ours, with a page that needs neither database nor cache."""
    if _api(request):
        return problem_response(Broken("Something failed on our side; it was logged."))
    return render(request, "500.html", status=500)


def _api(request: HttpRequest) -> bool:
    return request.path.startswith(("/api/", "/webhooks/"))
