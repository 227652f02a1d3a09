"""Addresses of the workbench."""

from django.urls import path

from retailops.workbench.views import (
    again,
    case_steps,
    cases,
    deliveries,
    delivery_changes,
    evidence,
    home,
    operations,
    plan_steps,
    second_person,
    trace,
)

app_name = "workbench"
urlpatterns = [
    path("", home.home, name="home"),
    path("screens/", home.screens, name="screens"),
    path("trace/", trace.search, name="search"),
    path("trace/<uuid:correlation_id>/", trace.trace, name="trace"),
    path("deliveries/", deliveries.delivery_list, name="dead"),
    path("deliveries/again/", again.again, name="again"),
    path("operations/", operations.operation_list, name="operations"),
    path("operations/<uuid:operation_id>/", operations.operation_detail, name="operation"),
    path("operations/<uuid:operation_id>/items.csv", operations.operation_export, name="operation_export"),
    path("operations/<uuid:operation_id>/do/<slug:plan_step>/", plan_steps.plan_step, name="plan_step"),
    path("operations/<uuid:operation_id>/word/<slug:verdict>/", plan_steps.plan_word, name="plan_word"),
    path("deliveries/<uuid:delivery_id>/", deliveries.delivery_detail, name="delivery"),
    path("deliveries/<uuid:delivery_id>/verdict/", deliveries.delivery_verdict, name="verdict"),
    path("deliveries/<uuid:delivery_id>/replay/", deliveries.delivery_replay, name="replay"),
    path("deliveries/<uuid:delivery_id>/discard/", deliveries.delivery_discard, name="discard"),
    path("deliveries/<uuid:delivery_id>/supersede/", delivery_changes.delivery_supersede, name="supersede"),
    path("deliveries/<uuid:delivery_id>/edit/", delivery_changes.delivery_edit, name="delivery_edit"),
    path("deliveries/<uuid:delivery_id>/lane/", delivery_changes.delivery_lane, name="delivery_lane"),
    path("deliveries/<uuid:delivery_id>/ask/", second_person.ask_replay, name="ask_replay"),
    path("cases/", cases.case_list, name="cases"),
    path("cases/<uuid:case_id>/", cases.case_detail, name="case"),
    path("cases/<uuid:case_id>/note/", cases.case_note, name="case_note"),
    path("cases/<uuid:case_id>/take/", cases.case_take, name="case_take"),
    path("cases/<uuid:case_id>/assign/", cases.case_assign, name="case_assign"),
    path("cases/<uuid:case_id>/resolve/", cases.case_resolve, name="case_resolve"),
    path("cases/<uuid:case_id>/do/<slug:step>/", case_steps.case_step, name="case_step"),
    path("approvals/", second_person.approval_list, name="approvals"),
    path("approvals/limits/", second_person.limits, name="limits"),
    path("approvals/<uuid:approval_id>/", second_person.approval, name="approval"),
    path("evidence/<uuid:file_id>/", evidence.evidence_file, name="evidence_file"),
    path("evidence/<slug:kind>/<uuid:subject_id>/add/", evidence.evidence_add, name="evidence_add"),
    path("approvals/<uuid:approval_id>/<slug:verdict>/", second_person.approval_verdict, name="approval_verdict"),
]
