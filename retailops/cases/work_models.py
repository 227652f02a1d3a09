"""What people add to exceptions: notes on a group, mentions, how groups ended, rules, and saved views."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from retailops.accounts.permissions import Role
from retailops.lib.clock import now
from retailops.lib.ids import uuid7

LONGEST_TAG = 40
MOST_TAGS = 20


class GroupNote(models.Model):
    """What a person wrote or did on a group; append-only, and what was written can be taken back for a short time."""

    group = models.ForeignKey("cases.CaseGroup", on_delete=models.PROTECT, related_name="notes")
    at = models.DateTimeField(default=now)
    actor = models.CharField(max_length=120)
    actor_label = models.CharField(max_length=150, blank=True, default="")
    kind = models.CharField(max_length=20, default="note")
    text = models.TextField()
    # Its author took it back: its words are shown to nobody any more, that there was one stays.
    taken_back_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.text[:60]


class Mention(models.Model):
    """A person was named in a note, of a case or of a group; seen when they say so."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mentions")
    case_note = models.ForeignKey("cases.CaseNote", null=True, blank=True, on_delete=models.CASCADE)
    group_note = models.ForeignKey(GroupNote, null=True, blank=True, on_delete=models.CASCADE)
    at = models.DateTimeField(default=now)
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(case_note__isnull=False, group_note__isnull=True)
                | Q(case_note__isnull=True, group_note__isnull=False),
                name="mention_is_in_one_note",
            ),
        ]
        indexes = [models.Index(fields=["person", "-id"], condition=Q(seen_at__isnull=True), name="mention_unseen")]

    def __str__(self) -> str:
        return f"{self.person_id} at {self.at:%Y-%m-%d %H:%M}"


class GroupEnding(models.Model):
    """How a group was mended once, and whether that held: the memory that the next person reads.

    `came_back_at` is when it was seen again after this; until then the mending has held.
    """

    group = models.ForeignKey("cases.CaseGroup", on_delete=models.PROTECT, related_name="endings")
    at = models.DateTimeField(default=now)
    by = models.CharField(max_length=120)
    by_label = models.CharField(max_length=150, blank=True, default="")
    reason = models.CharField(max_length=300)
    evidence = models.JSONField(default=dict, blank=True)
    # How many cases were open when it was ended as a whole; 0 where its last case ended by itself.
    cases = models.PositiveIntegerField(default=0)
    # Its open cases end with it, not each as its delivery gets through: by a bulk operation.
    end_cases = models.BooleanField(default=False)
    # Which one; empty where there was no open case, and where it was resolved before operations did that.
    operation_id = models.UUIDField(null=True, blank=True)
    config_version = models.PositiveIntegerField(null=True, blank=True)
    mapping_version = models.PositiveIntegerField(null=True, blank=True)
    came_back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(by="") & ~Q(reason=""), name="group_ends_with_actor_and_reason"),
        ]
        indexes = [models.Index(fields=["group", "-at"], name="ending_of_group")]

    def __str__(self) -> str:
        return self.reason[:60]


class RuleKind(models.TextChoices):
    """What a rule does: name the cause of new cases, give them to a person, call for help by age."""

    GROUP = "group", "Group together"
    ASSIGN = "assign", "Assign"
    ESCALATE = "escalate", "Escalate by age"


class CaseRule(models.Model):
    """A rule for cases that fit what it names; an empty field fits everything. The first that fits wins."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=10, choices=RuleKind.choices)
    position = models.PositiveIntegerField()
    queue = models.CharField(max_length=10, blank=True, default="")
    case_kind = models.CharField(max_length=60, blank=True, default="")
    system = models.CharField(max_length=40, blank=True, default="")
    operation = models.CharField(max_length=80, blank=True, default="")
    failure_class = models.CharField(max_length=12, blank=True, default="")
    code = models.CharField(max_length=120, blank=True, default="")
    words = models.CharField(max_length=120, blank=True, default="")
    region = models.CharField(max_length=32, blank=True, default="")
    # What it does, by kind: the name of the cause, the person, the age in seconds.
    title = models.CharField(max_length=200, blank=True, default="")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE)
    after_seconds = models.PositiveIntegerField(null=True, blank=True)
    made_by = models.CharField(max_length=120)
    made_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "position"], name="one_rule_a_place", deferrable=models.Deferrable.DEFERRED
            ),
            models.CheckConstraint(
                condition=(Q(kind=RuleKind.GROUP) & ~Q(title=""))
                | Q(kind=RuleKind.ASSIGN, owner__isnull=False)
                | Q(kind=RuleKind.ESCALATE, after_seconds__gt=0),
                name="rule_does_something",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.position}"


class ShownTo(models.TextChoices):
    """Who sees a saved view: its owner, everybody, or a role (`SavedView.role`)."""

    OWNER = "owner", "Only me"
    ALL = "all", "Everybody"
    ROLE = "role", "One role"


class SavedView(models.Model):
    """A list of cases under a name: its address' query, owned by a person."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000, blank=True, default="")
    shown_to = models.CharField(max_length=5, choices=ShownTo.choices, default=ShownTo.OWNER)
    role = models.CharField(max_length=32, choices=Role.choices, blank=True, default="")
    made_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="one_view_a_name"),
            models.CheckConstraint(
                condition=(Q(shown_to=ShownTo.ROLE) & ~Q(role="")) | (~Q(shown_to=ShownTo.ROLE) & Q(role="")),
                name="view_of_a_role_names_it",
            ),
        ]

    def __str__(self) -> str:
        return self.name


def tags_field() -> "ArrayField[list[str], list[str]]":
    """Return the column of a group's tags."""
    return ArrayField(models.CharField(max_length=LONGEST_TAG), default=list, blank=True)
