"""Addresses of replay plans and of commands on many cases, below /api/v1/."""

from django.urls import path

from retailops.replays.api.case_operations import (
    CancelCaseOperation,
    CaseOperationEndpoint,
    CaseOperationItems,
    CaseOperations,
    LookAtCases,
    ResumeCaseOperation,
)
from retailops.replays.api.plans import (
    AskForPlan,
    CancelPlan,
    ExecutePlan,
    PlanEndpoint,
    PlanItems,
    Plans,
    ResumePlan,
)

urlpatterns = [
    path("case-operations", CaseOperations.as_view(), name="case-operations"),
    path("case-operations/look", LookAtCases.as_view(), name="case-operations-look"),
    path("case-operations/<uuid:id>", CaseOperationEndpoint.as_view(), name="case-operation"),
    path("case-operations/<uuid:id>/items", CaseOperationItems.as_view(), name="case-operation-items"),
    path("case-operations/<uuid:id>/cancel", CancelCaseOperation.as_view(), name="case-operation-cancel"),
    path("case-operations/<uuid:id>/resume", ResumeCaseOperation.as_view(), name="case-operation-resume"),
    path("replay-plans", Plans.as_view(), name="replay-plans"),
    path("replay-plans/<uuid:id>", PlanEndpoint.as_view(), name="replay-plan"),
    path("replay-plans/<uuid:id>/items", PlanItems.as_view(), name="replay-plan-items"),
    path("replay-plans/<uuid:id>/execute", ExecutePlan.as_view(), name="replay-plan-execute"),
    path("replay-plans/<uuid:id>/ask", AskForPlan.as_view(), name="replay-plan-ask"),
    path("replay-plans/<uuid:id>/cancel", CancelPlan.as_view(), name="replay-plan-cancel"),
    path("replay-plans/<uuid:id>/resume", ResumePlan.as_view(), name="replay-plan-resume"),
]
