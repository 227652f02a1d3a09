"""Rules in words."""

from returns.policy import FraudRules, Frequency, Rules, StoredValueRules
from returns.policy_words import ABOUT, GROUPS, in_words, rules_told


def told(rules: Rules) -> dict[str, str]:
    return {each.name: each.text for _, group in rules_told(rules) for each in group}


def test_every_rule_is_told_in_exactly_one_group() -> None:
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(Rules.model_fields)
    assert sorted(ABOUT) == sorted(Rules.model_fields)


def test_what_is_held_for_a_review_is_told() -> None:
    assert told(Rules())["fraud"] == "nothing"
    rules = FraudRules(value_above={"GBP": 50000}, returns_above=Frequency(count=3), refund_before_goods=True)
    assert told(Rules(fraud=rules))["fraud"] == (
        "returns worth more than 500.00 GBP; more than 3 returns in 90 days; refunds before the goods; "
        "to be decided within 48 hours"
    )


def test_stored_value_is_told() -> None:
    rules = StoredValueRules(store_credit_days=365, gift_limit={"GBP": 2000})
    assert told(Rules(stored_value=rules))["stored_value"] == (
        "no bonus; store credits last 365 days; gift cards do not expire; a person gives up to: 20.00 GBP"
    )


def test_warranty_and_exchange_are_told() -> None:
    words = told(Rules())
    assert words["warranty_remedies"] == "Repair, Replace, Refund"
    assert words["warranty_refund"] == "All of it"
    assert words["exchange_timing"] == "On inspection"
    assert in_words("exchange_goes_by_itself", False) == "No"
