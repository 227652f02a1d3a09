"""`manage.py icons`: write the sprite of the icons that templates and code name."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from retailops.workbench.icons import SPRITE, named, sprite


class Command(BaseCommand):
    """Writes `static/img/icons.svg` anew; run it after naming an icon that was not used before."""

    help = "Write the sprite of the icons that templates and code name."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Write the file."""
        icons = named()
        (settings.BASE_DIR / "static" / SPRITE).write_text(sprite(icons))
        self.stdout.write(f"{len(icons)} icons")
