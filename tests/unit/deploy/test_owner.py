"""Who releases: told to whoever finds the lock taken."""

from __future__ import annotations

import os
import pwd

import pytest

from deploy.lock import this_owner

VARIABLES = ("LAUNCH_READY_WHO", "LOGNAME", "USER", "LNAME", "USERNAME")


def test_a_container_user_that_has_no_name_goes_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(number: int) -> object:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert this_owner().user == f"uid-{os.getuid()}"
    monkeypatch.setenv("LAUNCH_READY_WHO", "ann\x1b[2J")
    assert this_owner().user == "ann\\x1b[2J"
