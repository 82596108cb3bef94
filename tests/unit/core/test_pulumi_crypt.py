"""Secrets in the format of Pulumi's passphrase provider."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SettingsError
from core.pulumi_crypt import Crypter, create, decrypt_config, passphrase_from, unlock

# Made by Pulumi itself, and published in the tests of mheers/pulumi-helper: passphrase "foo", plain text "test".
KNOWN_SALT = "v1:LAQ7P6sT/+w=:v1:WejwuMb5G4TZsR/r:xZvrv45hbT2QRrHCkQrepVv3xQfMjw=="
KNOWN_VALUE = "v1:6rgJQkU0YY5NFozT:HN1XFZSfr2YW1Pi1QtMfUJjad4w="
# Published in the tests of pulumi/pulumi (pkg/secrets/passphrase): passphrase "password".
PULUMIS_SALT = "v1:fozI5u6B030=:v1:F+6ZduKKd8G0/V7L:PGMFeIzwobWRKmEAzUdaQHqC5mMRIQ=="


@pytest.fixture(scope="module")
def crypter() -> Crypter:
    return unlock("foo", KNOWN_SALT)


def test_what_pulumi_encrypted_is_read(crypter: Crypter) -> None:
    assert crypter.decrypt(KNOWN_VALUE).reveal() == "test"
    assert unlock("password", PULUMIS_SALT).state == PULUMIS_SALT


@given(st.text())
def test_what_is_encrypted_is_read_again(text: str) -> None:
    crypter = Crypter(b"k" * 32, "v1:x:y")
    assert crypter.decrypt(crypter.encrypt(text)).reveal() == text
    assert crypter.encrypt(text) != crypter.encrypt(text)


def test_a_new_salt_unlocks_with_its_passphrase_alone() -> None:
    made = create("correct horse")
    value = made.encrypt("staple")
    assert unlock("correct horse", made.state).decrypt(value).reveal() == "staple"
    with pytest.raises(SettingsError, match="the passphrase is not this stack's"):
        unlock("battery", made.state)


@pytest.mark.parametrize(
    "salt",
    ["", "v1", "v1:", "v1::v1:a:b", "v1:LAQ7P6sT/+w=", "v2:LAQ7P6sT/+w=:v1:a:b", "v1:not base64:v1:a:b", "v1:é:v1:a:b"],
)
def test_a_damaged_salt_is_told_from_a_wrong_passphrase(salt: str) -> None:
    with pytest.raises(SettingsError, match="encryptionsalt is not in the form"):
        unlock("foo", salt)


@pytest.mark.parametrize("position", range(len(KNOWN_VALUE)))
def test_a_value_with_any_one_character_changed_is_refused(crypter: Crypter, position: int) -> None:
    other = "B" if KNOWN_VALUE[position] != "B" else "C"
    with pytest.raises(SettingsError, match="a secret"):
        crypter.decrypt(KNOWN_VALUE[:position] + other + KNOWN_VALUE[position + 1 :])


@given(st.text())
def test_any_other_text_is_refused_with_one_sentence(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Crypter(b"k" * 32, "v1:x:y").decrypt(text)
    assert len(str(caught.value).splitlines()) == 1


def test_secrets_are_found_at_any_depth_of_a_config(crypter: Crypter) -> None:
    config = {"name": "x", "list": [1, {"secure": KNOWN_VALUE}], "not one": {"secure": "a", "b": 1}}
    assert decrypt_config(config, crypter) == (
        {"name": "x", "list": [1, "test"], "not one": {"secure": "a", "b": 1}},
        True,
    )
    assert decrypt_config({"name": "x"}, crypter) == ({"name": "x"}, False)


def test_a_crypter_shows_no_key(crypter: Crypter) -> None:
    assert repr(crypter) == "Crypter(LAQ7P6sT/+w=)"


def test_the_passphrase_is_found_as_the_cli_finds_it(tmp_path: Path) -> None:
    file = tmp_path / "phrase"
    file.write_text("from a file\n")
    by_file = {"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}
    assert passphrase_from(by_file).reveal() == "from a file"
    assert passphrase_from({**by_file, "PULUMI_CONFIG_PASSPHRASE": "direct"}).reveal() == "direct"
    assert passphrase_from({**by_file, "PULUMI_CONFIG_PASSPHRASE": ""}).reveal() == ""
    with pytest.raises(SettingsError, match="set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE"):
        passphrase_from({})
    with pytest.raises(SettingsError, match="cannot be read"):
        passphrase_from({"PULUMI_CONFIG_PASSPHRASE_FILE": str(tmp_path / "none")})


def test_a_passphrase_that_is_no_utf8_is_used_as_its_bytes() -> None:
    phrase = os.fsdecode(b"caf\xe9")
    assert unlock(phrase, create(phrase).state)
