"""The CrossGuard pack, driven as Pulumi's engine drives it: by the Analyzer protocol of a process of its own."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from cli.declared import stack_without_hosts
from core.resources import UNKNOWN, Resource
from lab.engine import wire
from lab.place import here
from stacks.policy import OFFLINE_ONLY, RULES, judge

ROOT = Path(__file__).resolve().parents[3]
PINS = ROOT / "requirements" / "policy.txt"
STACK = "example"
SECRET = "hunter2-hunter2"


def python_of_the_pack() -> Path:
    """The interpreter of the pack's environment, which is made once for these pins."""
    home = here(ROOT).cache / f"policy-{hashlib.sha256(PINS.read_bytes()).hexdigest()[:12]}"
    stamp = home / "complete"
    if not stamp.exists():
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True, timeout=120)
        pip = [
            str(home / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
        ]
        done = subprocess.run([*pip, "--require-hashes", "-r", str(PINS)], capture_output=True, text=True, timeout=500)
        if done.returncode:
            pytest.skip(f"NOT TESTED: pip could not install {PINS.name} here: {done.stderr.strip()[-300:]}")
        stamp.touch()
    return home / "bin" / "python"


@pytest.fixture(scope="module")
def analyzer() -> Iterator[Any]:
    process = subprocess.Popen(
        # -u as the CLI has it: the pack does not flush the port that it says.
        [str(python_of_the_pack()), "-u", str(ROOT / "policy-pack" / "__main__.py")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PULUMI_STACK": STACK, "PYTHONPATH": ""},
        cwd=ROOT / "policy-pack",
    )
    try:
        port = process.stdout.readline().strip() if process.stdout else ""
        assert port.isdecimal(), process.stderr.read() if process.stderr and process.poll() is not None else port
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield analyzer_pb2_grpc.AnalyzerStub(channel)
    finally:
        process.kill()
        process.wait(10)


def resource(kind: str, called: str, /, **properties: Any) -> Resource:
    token = f"cloudflare:index/{kind[:1].lower()}{kind[1:]}:{kind}"
    return Resource(token, called, f"urn:pulumi:{STACK}::launch-ready::{token}::{called}", properties)


DECLARED = [
    resource("Zone", "community.example", name="community.example"),
    resource("ZoneSetting", "ssl", zoneId="z", settingId="ssl", value="full"),
    resource("ZoneSetting", "security_header", zoneId="z", settingId="security_header", value=UNKNOWN),
    resource(
        "DnsRecord", "ssh/A/192.0.2.11", name="ssh.community.example", type="A", content="192.0.2.11", proxied=False
    ),
    resource("DnsRecord", "app/A/web-1", name="app.community.example", type="A", content="192.0.2.11", proxied=False),
    resource("SecretsStoreSecret", "STRAY", name="STRAY", value=SECRET),
]


def analyze(stub: Any, resources: list[Resource]) -> list[Any]:
    request = analyzer_pb2.AnalyzeStackRequest()
    for one in resources:
        added = request.resources.add(type=one.type, urn=one.urn, name=one.name)
        added.properties.CopyFrom(
            wire.to_struct({k: wire.UNKNOWN if v == UNKNOWN else v for k, v in one.properties.items()})
        )
    return list(stub.AnalyzeStack(request, timeout=60).diagnostics)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_pack_says_what_is_said_offline(analyzer: Any) -> None:
    info = analyzer.GetAnalyzerInfo(empty_pb2.Empty(), timeout=60)
    assert {one.name for one in info.policies} == {
        one.id.replace(".", "-") for one in RULES if one.id not in OFFLINE_ONLY
    }

    said = analyze(analyzer, DECLARED)
    stack, today = stack_without_hosts(ROOT, STACK), datetime.now(UTC).date()
    offline = {
        one.rule.replace(".", "-")
        for one in judge(DECLARED, stack, today)
        if one.stops and one.rule not in OFFLINE_ONLY
    }
    assert {one.policyName for one in said} == offline
    assert {one.enforcementLevel for one in said} == {analyzer_pb2.MANDATORY}

    messages = {one.policyName: one.message for one in said}
    assert "it is full" in messages["tls-strict"]
    assert "undecided" in messages["tls-hsts"]
    assert not any(SECRET in message for message in messages.values())
    # The example's waiver is for the SSH record, and not for the other.
    shown = [one.message for one in said if one.policyName == "dns-origin-hidden"]
    assert len(shown) == 1
    assert "app/A/web-1" in shown[0]
