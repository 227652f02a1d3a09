"""What is known of customers and from whom, what proves who they are, and how they were merged and erased."""

from django.db import models
from django.db.models import F, Q

from retailops.lib.clock import now
from retailops.lib.ids import uuid7
from returns.models.orders import Customer, CustomerIdentity


class CustomerField(models.TextChoices):
    """What systems tell of a customer."""

    NAME = "name"
    EMAIL = "email", "E-mail"
    PHONE = "phone"
    LOYALTY_ID = "loyalty_id", "Loyalty id"
    GROUP = "group"


class KeyKind(models.TextChoices):
    """What proves that two names are one person, once it is verified."""

    EMAIL = "email", "E-mail"
    PHONE = "phone"
    LOYALTY_ID = "loyalty_id", "Loyalty id"


class CustomerClaim(models.Model):
    """What one identity's system told last of one field."""

    identity = models.ForeignKey(CustomerIdentity, on_delete=models.CASCADE, related_name="claims", db_index=False)
    field = models.CharField(max_length=12, choices=CustomerField.choices)
    value = models.CharField(max_length=254)
    verified = models.BooleanField(default=False)
    told_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["identity", "field"], name="one_claim_a_field")]
        indexes = [models.Index(fields=["field", "value"], name="claim_by_value")]

    def __str__(self) -> str:
        return f"{self.field} by {self.identity_id}"


class CustomerKey(models.Model):
    """A verified e-mail address, phone number or loyalty id: it belongs to one customer."""

    kind = models.CharField(max_length=12, choices=KeyKind.choices)
    value = models.CharField(max_length=254)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="keys")
    # Whose system verified it.
    system = models.CharField(max_length=64)
    external_id = models.CharField(max_length=120)
    verified_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "value"], name="one_customer_a_verified_key")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.customer_id}"


class Survivor(models.Model):
    """Which value of a field won, from which source and when; append-only, the latest of a field holds."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="survivors", db_index=False)
    field = models.CharField(max_length=12, choices=CustomerField.choices)
    value = models.CharField(max_length=254, blank=True)
    system = models.CharField(max_length=64)
    external_id = models.CharField(max_length=120)
    verified = models.BooleanField()
    told_at = models.DateTimeField()
    won_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [models.Index(fields=["customer", "field", "id"], name="survivor_of_field")]

    def __str__(self) -> str:
        return f"{self.field} by {self.system}"


class CustomerMerge(models.Model):
    """One customer was merged into another; append-only. Both rows stay."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    winner = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="merges")
    loser = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="merged_by")
    reason = models.CharField(max_length=200)
    actor = models.CharField(max_length=120)
    merged_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(winner=F("loser")), name="merge_of_two")]

    def __str__(self) -> str:
        return f"{self.loser_id} into {self.winner_id}"


class MovedKind(models.TextChoices):
    """What a merge moves."""

    ORDER = "order"
    RETURN = "return"
    IDENTITY = "identity"
    KEY = "key"


class MovedReference(models.Model):
    """One row that a merge moved from the loser to the winner; append-only."""

    merge = models.ForeignKey(CustomerMerge, on_delete=models.PROTECT, related_name="moved", db_index=False)
    kind = models.CharField(max_length=8, choices=MovedKind.choices)
    object_id = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merge", "kind", "object_id"], name="moved_once_a_merge")]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"


class CustomerUnmerge(models.Model):
    """A merge was undone; append-only, once a merge."""

    merge = models.OneToOneField(CustomerMerge, on_delete=models.PROTECT, related_name="undone")
    reason = models.CharField(max_length=200)
    actor = models.CharField(max_length=120)
    unmerged_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"undone: {self.merge_id}"


class CustomerErasure(models.Model):
    """Proof that a person's data was erased: when, by whom, how many rows of which table. Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    customer = models.OneToOneField(Customer, on_delete=models.PROTECT, related_name="erasure")
    actor = models.CharField(max_length=120)
    # A reference of the request (a ticket's number), never the person's words.
    reference = models.CharField(max_length=80)
    counts = models.JSONField(default=dict)
    erased_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return str(self.customer_id)
