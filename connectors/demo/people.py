"""Who does what in the demo: the demo's own people, so that each decision names somebody to ask."""

from retailops.accounts.actor import Actor
from retailops.accounts.models import User
from retailops.accounts.permissions import Role


def acting_as(role: Role) -> Actor:
    """Return the first person who holds the role, else the system under the role's name."""
    person = User.objects.filter(grants__role=role, is_active=True).order_by("id").first()
    return person.actor() if person else Actor.system(f"demo-{role}")
