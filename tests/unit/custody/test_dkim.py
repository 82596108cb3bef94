"""DKIM keys that one command makes and another revokes, in a copy of the lab's stack file."""

from __future__ import annotations

import base64
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_private_key
from invoke.context import Context
from invoke.exceptions import Exit

import cli.email
from adapters.secret_stores import ConfigSecrets
from core import mail
from core.secret import Secret
from core.settings.base import load_sections
from core.settings.credentials import Credential
from core.settings.email import Email

ROOT = Path(__file__).resolve().parents[3]
DAY = date(2026, 11, 24)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "stacks").mkdir()
    monkeypatch.setattr(cli.email, "ROOT", tmp_path)
    _on(monkeypatch, DAY)
    return Path(shutil.copy(ROOT / "stacks" / "Pulumi.lab.yaml", tmp_path / "stacks"))


def _on(monkeypatch: pytest.MonkeyPatch, day: date) -> None:
    monkeypatch.setattr(cli.email, "_today", lambda: day)


def records(file: Path) -> dict[str, str]:
    section = load_sections(file, {"email": Email})["email"]
    assert isinstance(section, Email)
    return {each.selector: mail.dkim(each) for each in section.dkim}


def retire(selector: str, *, now: bool = False) -> str:
    with pytest.raises(Exit) as told:
        cli.email.retire(Context(), selector, stack="lab", now=now)
    assert told.value.code == 2
    return str(told.value.message)


def test_a_key_takes_over_from_another_with_a_week_of_both(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = file.read_text()
    assert "lab1 is the only key" in retire("lab1")
    cli.email.new(Context(), "lab2", stack="lab")
    both = records(file)
    assert list(both) == ["lab1", "lab2"]
    assert both["lab2"].startswith("v=DKIM1; k=rsa; p=MIIB")
    assert all(line in file.read_text().splitlines() for line in before.splitlines())

    config = ConfigSecrets(file, lambda: Secret("launch-ready-lab"))
    private = config.read(Credential(name="K", config_secret="dkim-lab2")).reveal()
    _fit(private, both["lab2"].partition("p=")[2])
    for form in (private, private.splitlines()[1], base64.b64encode(private.encode()).decode()):
        assert form not in file.read_text() + capsys.readouterr().out

    assert "wait until 2026-12-01" in retire("lab1")
    assert "there is no such key; there are: lab1, lab2" in retire("lab9")
    _on(monkeypatch, DAY + timedelta(days=7))
    cli.email.retire(Context(), "lab1", stack="lab")
    assert records(file) == {"lab1": "v=DKIM1; p=", "lab2": both["lab2"]}
    assert "lab1 is revoked already" in retire("lab1")
    assert "lab2 is the only key" in retire("lab2", now=True)


def test_a_key_that_others_know_is_revoked_at_once_and_its_private_half_goes(file: Path) -> None:
    for selector in ("lab2", "lab3"):
        cli.email.new(Context(), selector, stack="lab")
    cli.email.retire(Context(), "lab2", stack="lab", now=True)
    assert records(file)["lab2"] == "v=DKIM1; p="
    assert "dkim-lab2" not in file.read_text()
    assert "launch-ready:dkim-lab3" in file.read_text()


@pytest.mark.parametrize("selector", ["lab1", "Upper", "a b", "x" * 120, "-x", ""])
def test_a_name_that_is_there_or_is_none_is_refused_and_the_file_left(file: Path, selector: str) -> None:
    before = file.read_bytes()
    with pytest.raises(Exit) as told:
        cli.email.new(Context(), selector, stack="lab")
    assert told.value.code == 2
    assert file.read_bytes() == before


def _fit(private: str, public: str) -> None:
    key, other = load_pem_private_key(private.encode(), None), load_der_public_key(base64.b64decode(public))
    assert isinstance(key, RSAPrivateKey)
    assert isinstance(other, RSAPublicKey)
    assert key.key_size == 2048
    other.verify(key.sign(b"mail", padding.PKCS1v15(), SHA256()), b"mail", padding.PKCS1v15(), SHA256())
