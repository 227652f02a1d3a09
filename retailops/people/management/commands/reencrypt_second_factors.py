"""`manage.py reencrypt_second_factors`."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt, encrypt
from django.core.management.base import BaseCommand
from django.db import transaction

SECRETS = ("secret", "seed")


class Command(BaseCommand):
    """Encrypts all second factors with the newest of CREDENTIAL_KEYS."""

    help = (
        "Encrypt all second factors with the first of CREDENTIAL_KEYS, so that an old one may be dropped. "
        "Example: manage.py reencrypt_second_factors"
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Say how many were encrypted anew."""
        changed = sum(map(_anew, Authenticator.objects.order_by("pk").values_list("pk", flat=True)))
        self.stdout.write(f"{changed} second factors encrypted with the newest key")


@transaction.atomic
def _anew(id: int) -> bool:
    row = Authenticator.objects.select_for_update().filter(pk=id).first()
    names = [name for name in SECRETS if row and name in row.data]
    for name in names:
        row.data[name] = encrypt(decrypt(row.data[name]))
    if names:
        row.save(update_fields=["data"])
    return bool(names)
