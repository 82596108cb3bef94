"""Where secrets are kept, asked as `invoke secrets.*` asks: a stack's file, the lab's Cloudflare API, moto's AWS."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pytest

from adapters.aws_keeper import AwsKeeper
from adapters.cloudflare_keeper import CloudflareKeeper
from adapters.file_keeper import FileKeeper
from adapters.secret_stores import ConfigSecrets
from core.errors import StoreError
from core.secret import Secret
from core.settings.base import load_sections
from core.settings.secrets import Secrets, StoredSecret
from lab.place import ACCOUNT_ID, aws_environment
from stacks.aws_secret import AwsSecretProvider
from tests.lab.engine.conftest import TOKEN, cloudflare

ROOT = Path(__file__).resolve().parents[3]
CANARY = "canary value/of+this test"
TAGS = {"launch-ready:stack": "lab"}


def item(**more: Any) -> StoredSecret:
    wanted = {"name": "KEY", "config_secret": "session-key", "owner": "us", "readers": ["releases"], "max_age_days": 9}
    return StoredSecret.model_validate({**wanted, **more}, strict=False)


@pytest.fixture
def login(aws: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    for name, value in aws_environment(aws).items():
        monkeypatch.setenv(name, value)
    return {"endpoint_url": aws, "region_name": "eu-west-1"}


def test_the_file_has_the_value_sealed_and_the_day_on_which_it_was_made(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.lab.yaml"
    shutil.copy(ROOT / "stacks" / "Pulumi.lab.yaml", path)
    config = ConfigSecrets(path, lambda: Secret("launch-ready-lab"))
    keeper = FileKeeper(path, config, lambda: date(2026, 11, 24))
    session = _declared(path, "SESSION_KEY")
    assert "sealed anew" in keeper.put(session, Secret(CANARY))
    assert keeper.put(session, Secret(CANARY)) == "there already"
    text = path.read_text()
    for form in (CANARY, base64.b64encode(CANARY.encode()).decode(), CANARY.encode().hex()):
        assert form not in text
    assert _declared(path, "SESSION_KEY").made == date(2026, 11, 24)
    old, new = (ROOT / "stacks" / "Pulumi.lab.yaml").read_text().splitlines(), text.splitlines()
    assert [before != after for before, after in zip(old, new, strict=True)].count(True) == 2


def _declared(path: Path, name: str) -> StoredSecret:
    section = load_sections(path, {"secrets": Secrets})["secrets"]
    assert isinstance(section, Secrets)
    return next(each for each in section.items if each.name == name)


@pytest.mark.parametrize(("service", "key"), [("secretsmanager", "aws_secrets_manager"), ("ssm", "aws_ssm")])
def test_aws_has_versions_and_the_former_is_retired(login: dict[str, str], service: Any, key: str) -> None:
    wanted = item(**{key: "/keeper/one"})
    keeper = AwsKeeper(service, "lab", lambda: login)
    assert keeper.keeps(wanted)
    assert not keeper.keeps(item())
    assert keeper.look(wanted) is None
    with pytest.raises(StoreError, match="has no /keeper/one: run `invoke up` first"):
        keeper.put(wanted, Secret(CANARY))
    props = {"service": service, "name": "/keeper/one", "value": "old", "description": "", "tags": TAGS}
    AwsSecretProvider().create(dict(props))
    AwsSecretProvider().create({**props, "name": "/keeper/left-over"})
    first = keeper.look(wanted)
    assert first is not None
    assert first.changed is not None
    assert "version" in keeper.put(wanted, Secret(CANARY))
    assert keeper.put(wanted, Secret(CANARY)) == "there already"
    second = keeper.look(wanted)
    assert second is not None
    assert second.version != first.version
    # Other tests' secrets may stand in the same AWS.
    assert [name for name in keeper.others([wanted]) if name.startswith("/keeper/")] == ["/keeper/left-over"]
    retired = keeper.retire(wanted)
    if service == "ssm":
        assert "older versions stay readable" in retired
        return
    assert retired == f"version {first.version} has no label any more, and AWS deletes it"
    assert keeper.retire(wanted) == "no version is AWSPREVIOUS"
    client = boto3.session.Session().client("secretsmanager")
    assert client.get_secret_value(SecretId="/keeper/one")["SecretString"] == CANARY
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_secret_value(SecretId="/keeper/one", VersionStage="AWSPREVIOUS")


def test_an_aws_that_is_away_is_said_by_name_alone() -> None:
    away = {"endpoint_url": "http://127.0.0.1:9", "region_name": "x", "aws_access_key_id": "a"}
    keeper = AwsKeeper("ssm", "lab", lambda: {**away, "aws_secret_access_key": "b"})
    with pytest.raises(StoreError, match="AWS Parameter Store cannot be asked for /a: EndpointConnectionError") as told:
        keeper.put(item(aws_ssm="/a"), Secret(CANARY))
    assert CANARY not in str(told.value)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[tuple[str, CloudflareKeeper]]:
    import requests

    with cloudflare(tmp_path) as (base, _state):
        stores = f"{base}/accounts/{ACCOUNT_ID}/secrets_store/stores"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        made = requests.post(stores, json={"name": "launch-ready"}, headers=headers, timeout=10).json()["result"]["id"]
        body = [{"name": name, "value": "old", "scopes": ["workers"]} for name in ("KEY", "LEFT_OVER")]
        assert requests.post(f"{stores}/{made}/secrets", json=body, headers=headers, timeout=10).ok
        yield base, CloudflareKeeper(ACCOUNT_ID, Secrets(), lambda: (base, Secret(TOKEN)))


def test_cloudflare_takes_a_value_and_shows_none(store: tuple[str, CloudflareKeeper]) -> None:
    base, keeper = store
    wanted = item(scopes=["workers"])
    assert keeper.keeps(wanted)
    kept = keeper.look(wanted)
    assert kept is not None
    assert kept.changed is not None
    assert keeper.put(wanted, Secret(CANARY)) == "its value was replaced"
    assert keeper.others([wanted]) == ["LEFT_OVER"]
    assert keeper.look(item(name="NONE", scopes=["workers"])) is None
    with pytest.raises(StoreError, match="Cloudflare's store has no secret NONE: run `invoke up` first"):
        keeper.put(item(name="NONE", scopes=["workers"]), Secret(CANARY))
    other = CloudflareKeeper(ACCOUNT_ID, Secrets(), lambda: (base, Secret("wrong")))
    with pytest.raises(StoreError, match="Cloudflare's Secrets Store: "):
        other.look(wanted)
