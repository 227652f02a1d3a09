"""Vocabularies of reasons and codes, versioned; and what other systems call their terms."""

from django.db import models
from django.db.models import Q

from retailops.events.catalog import Subject
from retailops.lib.clock import now
from retailops.lib.ids import uuid7


class Vocabulary(models.Model):
    """A list of codes that people and systems choose from; `version` rises with every change of its terms."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.CharField(max_length=40, unique=True)
    label = models.CharField(max_length=80)
    about = models.CharField(max_length=200, blank=True, default="")
    version = models.PositiveIntegerField(default=1)
    sort = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "vocabularies"
        ordering = ["sort", "code"]

    def __str__(self) -> str:
        return self.label

    def as_subject(self) -> Subject:
        """Return it as the subject of events."""
        return Subject("vocabulary", self.id, self.id, str(self.id))


class Term(models.Model):
    """One code of a vocabulary. A term is never deleted, since decisions name it: it is retired, and may come back.

    `since` and `retired_in` are versions of its vocabulary. `merchant_fault` says that the customer bears no fee.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    vocabulary = models.ForeignKey(Vocabulary, on_delete=models.PROTECT, related_name="terms")
    code = models.CharField(max_length=64)
    label = models.CharField(max_length=80)
    active = models.BooleanField(default=True)
    merchant_fault = models.BooleanField(default=False)
    sort = models.PositiveIntegerField(default=0)
    since = models.PositiveIntegerField(default=1)
    retired_in = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["sort", "code"]
        constraints = [
            models.UniqueConstraint(fields=["vocabulary", "code"], name="one_term_a_code"),
            models.CheckConstraint(
                condition=Q(active=True, retired_in__isnull=True) | Q(active=False, retired_in__isnull=False),
                name="retired_term_names_its_version",
            ),
        ]

    def __str__(self) -> str:
        return self.label


class VocabularyMapping(models.Model):
    """What a connection's code means here. Without a term nobody has said it yet, and what bears it waits.

    `connection` is the connection's name: the layer above owns the row. `version` rises with each change, which events
    keep; `times` counts the messages that met the code while it had no term.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.CharField(max_length=64)
    vocabulary = models.ForeignKey(Vocabulary, on_delete=models.PROTECT, related_name="mappings")
    external_code = models.CharField(max_length=200)
    term = models.ForeignKey(Term, null=True, blank=True, on_delete=models.PROTECT, related_name="mappings")
    version = models.PositiveIntegerField(default=0)
    times = models.PositiveIntegerField(default=0)
    first_seen_at = models.DateTimeField(default=now)
    last_seen_at = models.DateTimeField(default=now)
    mapped_by = models.CharField(max_length=120, blank=True, default="")
    mapped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "vocabulary", "external_code"], name="one_meaning_a_connection_and_code"
            )
        ]

    def __str__(self) -> str:
        return f"{self.connection}: {self.external_code}"

    def as_subject(self) -> Subject:
        """Return it as the subject of events and cases."""
        return Subject("vocabulary_mapping", self.id, self.id, str(self.id))
