"""What the shop's own codes mean here, as far as it publishes them."""

# The enum ReturnReason of the Admin API, as its webhooks spell it → our customer_reason.
RETURN_REASONS = {
    "unknown": "not_given",
    "other": "other",
    "unwanted": "changed_mind",
    "defective": "defective",
    "not_as_described": "not_as_described",
    "wrong_item": "wrong_item",
    "size_too_small": "too_small",
    "size_too_large": "too_large",
    "style": "style",
    "color": "color",
}
