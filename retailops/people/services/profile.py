"""What people change about themselves."""

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.models import User
from retailops.lib.errors import Denied
from retailops.lib.ids import parse_uuid
from retailops.people.events import PersonProfileChanged
from retailops.people.inputs import checked_name, checked_time_zone
from retailops.people.telling import tell_person


@transaction.atomic
def change_profile(actor: Actor, *, name: str, time_zone: str) -> User:
    """Change the own name and time zone. Raises Denied to whoever is no person, Invalid."""
    id = parse_uuid(actor.id) if actor.kind == "user" else None
    person = User.objects.select_for_update().filter(pk=id, is_active=True).first() if id else None
    if person is None:
        raise Denied("Only a person has a profile.")
    wanted = {"name": checked_name(name), "time_zone": checked_time_zone(time_zone)}
    changed = [field for field, value in wanted.items() if getattr(person, field) != value]
    if changed:
        person.name, person.time_zone = wanted["name"], wanted["time_zone"]
        person.save(update_fields=changed)
        tell_person(PersonProfileChanged, person, actor, fields=changed)
    return person
