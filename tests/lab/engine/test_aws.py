"""The secret that the lab's stack has in AWS: Pulumi's own dynamic provider, our engine, moto's Secrets Manager."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import pytest

from core.pulumi_crypt import unlock
from lab.engine import api
from lab.place import aws_environment
from tests.lab.engine.test_real_chain import alive, begin, silent

pytestmark = pytest.mark.slow
NAME = "community/session-key"


def manager(chain: Any) -> Any:
    told = aws_environment(chain.project.aws_url)
    return boto3.session.Session(told["AWS_ACCESS_KEY_ID"], "lab", region_name=told["AWS_DEFAULT_REGION"]).client(
        "secretsmanager", endpoint_url=chain.project.aws_url
    )


@pytest.fixture(autouse=True)
def _empty(with_aws: Any) -> Any:
    yield
    for secret in manager(with_aws).list_secrets()["SecretList"]:
        manager(with_aws).delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)


def entry(chain: Any) -> dict[str, Any]:
    (found,) = [each for each in chain.state()["deployment"]["resources"] if each["type"].endswith(":AwsSecret")]
    return dict(found)


def test_it_is_made_once_and_sealed_in_the_state_and_deleted(with_aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_OF_THE_ENVIRONMENT", "canary-of-the-environment")
    api.up(with_aws.project, silent)
    aws = manager(with_aws)
    value = aws.get_secret_value(SecretId=NAME)["SecretString"]
    assert len(value) >= 48
    state = with_aws.project.state.path.read_text()
    for form in (value, base64.b64encode(value.encode()).decode(), value.encode().hex(), quote(value, safe="")):
        assert form not in state
    kept = entry(with_aws)
    assert kept["id"] == f"secretsmanager:{NAME}"
    assert "value" not in kept["outputs"]
    for key in ("__provider", "value"):
        assert set(kept["inputs"][key]) == {"4dabf18193072939515e22adb298388d", "ciphertext"}
    # The pickled provider names a module, and holds nothing of the program.
    salt = with_aws.state()["deployment"]["secrets_providers"]["state"]["salt"]
    pickled = base64.b64decode(
        json.loads(unlock("launch-ready-lab", salt).decrypt(kept["inputs"]["__provider"]["ciphertext"]).reveal())
    )
    assert b"stacks.aws_secret" in pickled
    assert len(pickled) < 200, pickled

    assert api.up(with_aws.project, silent).changed is False
    with_aws.edit(f"aws_secrets_manager: {NAME}", "aws_secrets_manager: community/other")
    assert api.preview(with_aws.project, silent).changes["replace"] == 1
    api.destroy(with_aws.project, silent)
    assert "DeletedDate" in aws.describe_secret(SecretId=NAME)
    assert with_aws.state()["deployment"]["resources"] == []


def test_a_killed_engine_leaves_no_server_of_dynamic_providers(with_aws: Any) -> None:
    process = begin(with_aws)
    assert process.stdout is not None
    for line in iter(process.stdout.readline, ""):
        if line == "started SESSION_KEY/secretsmanager\n":
            break
    deadline = time.monotonic() + 20
    while not (servers := _servers(with_aws.project.root)) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.wait(10)
    assert servers
    while any(alive(pid) for pid in servers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(alive(pid) for pid in servers)


def _servers(folder: Path) -> list[int]:
    found = []
    for process in Path("/proc").iterdir():
        try:
            here = process.name.isdecimal() and (process / "cwd").readlink() == folder
            if here and b"dynamic_launcher" in (process / "cmdline").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue
    return found
