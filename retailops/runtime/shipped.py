"""Find programs that come inside Python packages."""

from importlib.util import find_spec
from pathlib import Path


def package_folder(package: str) -> Path:
    """Return the folder of an installed package without importing it (both packages do work at import).

    Raises ModuleNotFoundError when it is not installed.
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"The package {package} is not installed; `make run` installs it.")
    return Path(spec.submodule_search_locations[0])
