"""What this machine cannot run is skipped with a plain reason, and fails in CI."""

from pathlib import Path

import pytest

from tests import conftest


def test_missing_things_skip_with_a_plain_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conftest, "CI", False)

    with pytest.raises(pytest.skip.Exception, match="no Chromium here"):
        conftest._unavailable("no Chromium here")


def test_missing_things_fail_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conftest, "CI", True)

    with pytest.raises(pytest.fail.Exception, match="no Chromium here"):
        conftest._unavailable("no Chromium here")


def test_the_named_chromium_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "/opt/chromium")

    assert conftest.chromium() == "/opt/chromium"


@pytest.mark.contract
def test_the_shared_folder_is_there_where_a_test_asks_for_it(shared_dir: Path) -> None:
    assert (shared_dir / "contracts").is_dir()
