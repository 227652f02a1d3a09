"""Vocabularies: the codes that commands take, read by clients."""

from pydantic import Field
from rest_framework.request import Request

from retailops.accounts.endpoint import Endpoint, operation
from retailops.accounts.permissions import Permission
from retailops.lib.wire import Shape
from returns.models import Term, Vocabulary
from returns.services.vocabularies import access_vocabulary

VIEW = Permission.POLICIES_VIEW


class TermShape(Shape):
    """A code that may be chosen, or (not `active`) that older decisions name."""

    code: str
    label: str
    active: bool
    merchant_fault: bool = Field(description="The customer bears no fee where the policy says so.")
    since: int = Field(description="The vocabulary's version that brought it.")
    retired_in: int | None


class VocabularyShape(Shape):
    """A vocabulary; `version` rises with each change of its terms."""

    code: str
    label: str
    about: str
    version: int
    terms: list[TermShape]


class VocabularyList(Shape):
    """All vocabularies."""

    results: list[VocabularyShape]


def vocabulary_shape(row: Vocabulary) -> VocabularyShape:
    """Return one vocabulary with its terms."""
    terms = [_term(term) for term in row.terms.all()]
    return VocabularyShape.build(code=row.code, label=row.label, about=row.about, version=row.version, terms=terms)


def _term(term: Term) -> TermShape:
    return TermShape.build(
        code=term.code, label=term.label, active=term.active, merchant_fault=term.merchant_fault, since=term.since,
        retired_in=term.retired_in,
    )  # fmt: skip


class Vocabularies(Endpoint):
    """All vocabularies."""

    @operation(
        id="listVocabularies", summary="Vocabularies", tag="Policies", permission=VIEW, answers={200: VocabularyList},
    )  # fmt: skip
    def get(self, request: Request) -> VocabularyList:
        """With all their terms, retired ones too."""
        rows = Vocabulary.objects.prefetch_related("terms")
        return VocabularyList.build(results=[vocabulary_shape(row) for row in rows])


class VocabularyEndpoint(Endpoint):
    """One vocabulary."""

    @operation(
        id="getVocabulary", summary="A vocabulary", tag="Policies", permission=VIEW, answers={200: VocabularyShape},
    )  # fmt: skip
    def get(self, request: Request, code: str) -> VocabularyShape:
        """With all its terms, retired ones too."""
        return vocabulary_shape(access_vocabulary(self.actor, code))
