"""Addresses of cases, below /api/v1/."""

from django.urls import path

from retailops.cases.api.cases import (
    AssignCase,
    CaseEndpoint,
    Cases,
    NoteCase,
    ResolveCase,
    SnoozeCase,
    TakeBackCaseNote,
)
from retailops.cases.api.evidence import EvidenceContentEndpoint, EvidenceFiles
from retailops.cases.api.groups import (
    AcknowledgeGroup,
    AssignGroup,
    GroupEndpoint,
    Groups,
    IgnoreGroup,
    NoteGroup,
    ResolveGroup,
    TagGroup,
    TakeBackGroupNote,
    TakeUpGroup,
)

urlpatterns = [
    path("evidence", EvidenceFiles.as_view(), name="evidence"),
    path("evidence/<uuid:id>/content", EvidenceContentEndpoint.as_view(), name="evidence-content"),
    path("cases", Cases.as_view(), name="cases"),
    path("cases/<uuid:id>", CaseEndpoint.as_view(), name="case"),
    path("cases/<uuid:id>/assign", AssignCase.as_view(), name="case-assign"),
    path("cases/<uuid:id>/note", NoteCase.as_view(), name="case-note"),
    path("cases/<uuid:id>/notes/<int:note_id>/take-back", TakeBackCaseNote.as_view(), name="case-note-take-back"),
    path("cases/<uuid:id>/resolve", ResolveCase.as_view(), name="case-resolve"),
    path("cases/<uuid:id>/snooze", SnoozeCase.as_view(), name="case-snooze"),
    path("case-groups", Groups.as_view(), name="case-groups"),
    path("case-groups/<uuid:id>", GroupEndpoint.as_view(), name="case-group"),
    path("case-groups/<uuid:id>/acknowledge", AcknowledgeGroup.as_view(), name="case-group-acknowledge"),
    path("case-groups/<uuid:id>/ignore", IgnoreGroup.as_view(), name="case-group-ignore"),
    path("case-groups/<uuid:id>/take-up", TakeUpGroup.as_view(), name="case-group-take-up"),
    path("case-groups/<uuid:id>/assign", AssignGroup.as_view(), name="case-group-assign"),
    path("case-groups/<uuid:id>/tags", TagGroup.as_view(), name="case-group-tags"),
    path("case-groups/<uuid:id>/note", NoteGroup.as_view(), name="case-group-note"),
    path(
        "case-groups/<uuid:id>/notes/<int:note_id>/take-back",
        TakeBackGroupNote.as_view(),
        name="case-group-note-take-back",
    ),
    path("case-groups/<uuid:id>/resolve", ResolveGroup.as_view(), name="case-group-resolve"),
]
