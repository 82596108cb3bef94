"""What every kind of test shares: the kinds are folders, and a test's folder is its marker."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

ROOT = Path(__file__).resolve().parent.parent

# Machines are busy at times: what one example takes says nothing, and each test as a whole has its bound.
settings.register_profile("any-machine", settings(), deadline=None)
settings.load_profile("any-machine")

# Each worker of pytest-xdist has addresses of its own: this far apart, no two of the nets that tests derive meet.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
os.environ["LAUNCH_READY_NET"] = str((int(os.environ.get("LAUNCH_READY_NET", "77")) + 5 * WORKER - 1) % 254 + 1)

# Where the fixture `lab` is used: there is one such lab a checkout.
OF_THE_LAB = ("tests/lab/app/", "tests/lab/readiness/", "tests/faults/test_proof.py")
SECONDS = {"unit": 30, "program": 90, "lab": 240, "faults": 300}


def pytest_addoption(parser: pytest.Parser) -> None:
    """The proofs of the release's protocol, longer than in every run: see scripts/prove-crashes."""
    parser.addoption("--model-seconds", type=float, default=9, help="how long to explore the model of the protocol")
    parser.addoption("--model-seed", type=int, default=1, help="the order in which it is explored")
    parser.addoption("--matrix", default="", metavar="FILE", help="run the whole crash matrix; its table goes there")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """With ``--dist loadfile``, what shares the checkout's own lab goes to one worker, not a file at a time."""
    return ByHosts(config, log) if config.getvalue("dist") == "loadfile" else None


class ByHosts(LoadFileScheduling):  # type: ignore[misc]
    """Files by the hosts that they use: those of the fixture ``lab`` are the checkout's, the others a file's own."""

    def _split_scope(self, nodeid: str) -> str:
        return "the lab" if nodeid.startswith(OF_THE_LAB) else str(super()._split_scope(nodeid))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bound each test's time by its kind, so that a hang is a failure with a name."""
    for item in items:
        kind = item.path.relative_to(ROOT / "tests").parts[0]
        shared = kind in ("lab", "faults") and "lab" in getattr(item, "fixturenames", ())
        if shared and not item.nodeid.startswith(OF_THE_LAB):
            raise pytest.UsageError(f"{item.nodeid} uses the checkout's own lab: name its folder in OF_THE_LAB")
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(SECONDS[kind]))


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "PULUMI_CONFIG_PASSPHRASE",
        "PULUMI_CONFIG_PASSPHRASE_FILE",
        "LAUNCH_READY_STACK",
        "LAUNCH_READY_DEBUG",
    ):
        if name in os.environ:
            monkeypatch.delenv(name)
