"""Addresses of the workbench."""

from django.urls import path

from retailops.workbench.exceptions import item_views, rule_views
from retailops.workbench.exceptions import views as exceptions
from retailops.workbench.views import case_steps, cases, deliveries, evidence, home, second_person, trace

app_name = "workbench"
urlpatterns = [
    path("", home.home, name="home"),
    path("screens/", home.screens, name="screens"),
    path("trace/", trace.search, name="search"),
    path("trace/<uuid:correlation_id>/", trace.trace, name="trace"),
    path("deliveries/", deliveries.delivery_list, name="dead"),
    path("deliveries/<uuid:delivery_id>/", deliveries.delivery_detail, name="delivery"),
    path("deliveries/<uuid:delivery_id>/verdict/", deliveries.delivery_verdict, name="verdict"),
    path("deliveries/<uuid:delivery_id>/replay/", deliveries.delivery_replay, name="replay"),
    path("deliveries/<uuid:delivery_id>/discard/", deliveries.delivery_discard, name="discard"),
    path("deliveries/<uuid:delivery_id>/ask/", second_person.ask_replay, name="ask_replay"),
    path("exceptions/", exceptions.exceptions, name="exceptions"),
    path("exceptions/mentions/", exceptions.mentions_seen, name="mentions_seen"),
    path("exceptions/rules/", rule_views.rules, name="rules"),
    path("exceptions/rules/add/<slug:rule_kind>/", rule_views.rule_add, name="rule_add"),
    path("exceptions/rules/<uuid:rule_id>/", rule_views.rule_change, name="rule"),
    path("exceptions/rules/<uuid:rule_id>/<slug:rule_step>/", rule_views.rule_move, name="rule_move"),
    path("exceptions/<uuid:group_id>/", exceptions.group, name="group"),
    path("exceptions/<uuid:group_id>/note/", exceptions.group_note, name="group_note"),
    path("exceptions/<uuid:group_id>/take/", exceptions.group_take, name="group_take"),
    path("exceptions/<uuid:group_id>/do/<slug:group_step>/", exceptions.group_step, name="group_step"),
    path("cases/", item_views.case_list, name="cases"),
    path("cases/new/", item_views.case_newcomers, name="case_newcomers"),
    path("cases/words/", item_views.query_words, name="query_words"),
    path("cases/export/", item_views.case_export, name="case_export"),
    path("cases/several/<slug:bulk>/", item_views.case_bulk, name="case_bulk"),
    path("cases/views/", item_views.view_save, name="view_save"),
    path("cases/views/<uuid:view_id>/remove/", item_views.view_remove, name="view_remove"),
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
