"""Addresses of replay plans, below /api/v1/."""

from django.urls import path

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
    path("replay-plans", Plans.as_view(), name="replay-plans"),
    path("replay-plans/<uuid:id>", PlanEndpoint.as_view(), name="replay-plan"),
    path("replay-plans/<uuid:id>/items", PlanItems.as_view(), name="replay-plan-items"),
    path("replay-plans/<uuid:id>/execute", ExecutePlan.as_view(), name="replay-plan-execute"),
    path("replay-plans/<uuid:id>/ask", AskForPlan.as_view(), name="replay-plan-ask"),
    path("replay-plans/<uuid:id>/cancel", CancelPlan.as_view(), name="replay-plan-cancel"),
    path("replay-plans/<uuid:id>/resume", ResumePlan.as_view(), name="replay-plan-resume"),
]
