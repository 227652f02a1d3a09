"""The pages before the sign-in: each answers, and none tells whether somebody is a person here."""

import pytest
from django.core import mail
from django.test import Client

from tests.workbench import world

pytestmark = pytest.mark.django_db


def test_a_forgotten_password_tells_nobody_who_is_a_person_here() -> None:
    person = world.person()
    told = []
    for address in (person.email, "nobody@shop.example"):
        answer = Client().post("/accounts/password/reset/", {"email": address}, follow=True)
        told.append((answer.status_code, answer.content.decode().split("<h1>")[1].split("</div>")[0]))
    assert told[0] == told[1]
    assert "Look into your mail" in told[0][1]
    assert [letter.to for letter in mail.outbox] == [[person.email]]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/accounts/inactive/", "You are deactivated"),
        ("/accounts/password/reset/", "Forgot your password?"),
        ("/accounts/password/reset/key/done/", "Your password is set"),
        ("/accounts/password/reset/key/1-set-password/", "The link is used up"),
    ],
)
def test_each_page_says_what_to_do(path: str, said: str) -> None:
    assert said in Client().get(path).content.decode()


def test_nobody_signs_up() -> None:
    answer = Client().post("/accounts/signup/", {"email": "x@shop.example", "password1": "a long and good one"})
    assert "Sign Up Closed" in answer.content.decode()
