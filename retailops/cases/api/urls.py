"""Addresses of cases, below /api/v1/."""

from django.urls import path

from retailops.cases.api.cases import AssignCase, CaseEndpoint, Cases, NoteCase, ResolveCase, SnoozeCase
from retailops.cases.api.evidence import EvidenceContentEndpoint, EvidenceFiles

urlpatterns = [
    path("evidence", EvidenceFiles.as_view(), name="evidence"),
    path("evidence/<uuid:id>/content", EvidenceContentEndpoint.as_view(), name="evidence-content"),
    path("cases", Cases.as_view(), name="cases"),
    path("cases/<uuid:id>", CaseEndpoint.as_view(), name="case"),
    path("cases/<uuid:id>/assign", AssignCase.as_view(), name="case-assign"),
    path("cases/<uuid:id>/note", NoteCase.as_view(), name="case-note"),
    path("cases/<uuid:id>/resolve", ResolveCase.as_view(), name="case-resolve"),
    path("cases/<uuid:id>/snooze", SnoozeCase.as_view(), name="case-snooze"),
]
