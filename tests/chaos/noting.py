"""`python -m tests.chaos.noting <how many>`: open cases and begin to note on all of them; prints the operation's id.

A program of its own: the tests' process works on another database.
"""

import os
import sys

import django

TEXT = "the gateway is back"


def main(count: int) -> None:
    """Open the cases, then begin the operation as somebody in the workbench would."""
    from retailops.accounts.models import User
    from retailops.accounts.permissions import Role
    from retailops.replays.case_commands import NOTE
    from retailops.replays.freezing import Selection
    from retailops.replays.services import do_to_many
    from tests.cases.making import opened
    from tests.workbench.world import person

    me = User.objects.filter(name="Nora Noting").first() or person(Role.OPS_LEAD, name="Nora Noting")
    ids = [opened("GB", title=f"noted {number}").id for number in range(count)]
    print(do_to_many(me.actor(), NOTE, Selection(ids=ids), "tell them", {"text": TEXT}).id)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "retailops.settings")
    django.setup()
    main(int(sys.argv[1]))
