"""Which system owns a field: by configuration, else the order's channel."""

from dataclasses import dataclass

from django.db.models import Q

from returns.models import SourceOfTruth, TruthObject

# What may be owned, by object: the fields that systems tell and this one holds.
FIELDS: dict[str, tuple[str, ...]] = {
    TruthObject.ORDER: (
        "number", "store", "country", "placed_at", "region", "brand", "legal_entity", "currency", "shipping_charged",
        "shipping_tax",
    ),
    TruthObject.ORDER_LINE: (
        "sku", "title", "category", "quantity", "shipped_quantity", "net", "discount", "taxes", "duty", "final_sale",
    ),
    TruthObject.PAYMENT: ("gateway", "tender", "captured"),
    TruthObject.CUSTOMER: ("name", "email", "phone", "loyalty_id", "group"),
    TruthObject.RETURN: ("status", "tracking", "received_count", "disposition"),
    TruthObject.STOCK: ("quantity",),
}  # fmt: skip
MONEY = frozenset({"shipping_charged", "shipping_tax", "net", "discount", "duty", "captured"})


@dataclass(frozen=True)
class Owners:
    """Who owns which field of the orders of one channel."""

    channel: str
    named: dict[tuple[str, str], str]

    @classmethod
    def of_channel(cls, channel: str) -> "Owners":
        """Read them (one query); a row of the channel goes before one of all channels."""
        rows = SourceOfTruth.objects.filter(channel__in=("", channel)).order_by("channel")
        return cls(channel, {(row.object, row.field): row.system for row in rows})

    def of(self, kind: str, name: str) -> str:
        """Return the owner of a field. The sum of a line's taxes goes with the taxes."""
        return self.named.get((kind, "taxes" if name == "tax" else name), self.channel)


def owned_channels(kind: TruthObject, name: str, system: str, path: str = "channel") -> Q | None:
    """Return the condition on the channel (at `path`) for which a rule gives the field to a system; None: no rule
    does."""
    rows = dict(SourceOfTruth.objects.filter(object=kind, field=name).values_list("channel", "system"))
    own = [channel for channel, owner in rows.items() if owner == system and channel]
    if rows.get("") == system:
        return ~Q(**{f"{path}__in": [channel for channel in rows if channel and channel not in own]})
    return Q(**{f"{path}__in": own}) if own else None
