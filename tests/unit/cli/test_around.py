"""What a stack's file asks for around a release, made without what only some stacks need."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cli.around import after_of, sources_of
from cli.guard import ROOT
from core.errors import AfterError, SettingsError
from core.settings.base import load_sections
from core.settings.release import Release
from deploy.credentials import resolve
from deploy.facts import Kept

LAB, EXAMPLE = (ROOT / "stacks" / f"Pulumi.{name}.yaml" for name in ("lab", "example"))
NEEDS_KEY = Kept("1.0.0", "digest", "/", secrets=("SESSION_KEY",))


def release_of(path: object) -> Release:
    section = load_sections(path, {"release": Release})["release"]  # type: ignore[arg-type]
    assert isinstance(section, Release)
    return section


def test_the_labs_session_key_is_read_with_its_public_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE_FILE", raising=False)
    values = resolve(sources_of(LAB), NEEDS_KEY)
    assert len(values["SESSION_KEY"].reveal()) >= 32
    with pytest.raises(SettingsError, match=r"^stacks/Pulumi\.example\.yaml: .*set PULUMI_CONFIG_"):
        resolve(sources_of(EXAMPLE), NEEDS_KEY)


def test_a_wrong_passphrase_names_the_secret_and_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "not the word")
    with pytest.raises(SettingsError, match=r"SESSION_KEY \(launch-ready:credentials, config_secret\): the pass"):
        resolve(sources_of(LAB), NEEDS_KEY)


def test_a_stack_that_asks_for_nothing_has_nothing_after_a_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    assert after_of(LAB, release_of(LAB)) is None
    after = after_of(EXAMPLE, release_of(EXAMPLE))
    assert after is not None
    assert [marker.name for marker in after.markers] == ["slack", "webhook", "github", "sentry"]
    assert after.purger is not None
    monkeypatch.delenv("CLOUDFLARE_API_TOKEN", raising=False)
    with pytest.raises(AfterError, match="the environment does not set CLOUDFLARE_API_TOKEN"):
        after.purger.purge((), (), everything=True)


def test_neither_aws_nor_an_http_client_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys; from pathlib import Path; from cli.around import after_of, sources_of;"
        "from tests.unit.cli.test_around import EXAMPLE, release_of; sources_of(EXAMPLE);"
        "after_of(EXAMPLE, release_of(EXAMPLE));"
        "print([name for name in ('boto3', 'botocore', 'requests', 'pulumi', 'lab') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr
