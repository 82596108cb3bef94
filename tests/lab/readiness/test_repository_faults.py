"""Faults of where secrets are kept: in a repository's files, its history and its CI, in AWS, for too long."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import boto3
import pytest

import cli.secrets
from adapters.git_repository import GitRepository
from cli.around import aws_of
from readiness.check import Outcome, Result
from readiness.target import Target
from stacks.aws_secret import OURS
from tests.lab.readiness.conftest import Decide, DecideAll
from tests.unit.readiness.secrets.repositories import GITHUB, Repo, made

WORKFLOW = ".github/workflows/deploy.yml"
CI = """\
on: {push: {branches: [main]}}
jobs:
  deploy:
    env:
      API_TOKEN: ${{ secrets.API_TOKEN }}
    steps:
      - run: invoke deploy --stack production
"""
BASELINE = """\
salt: "5d1f0c7b9a3e42868f6c11d2e07ab594"
closed:
  - digest: 9330dfd5909b8cece33d2f70a7f06a7b
    verdict: rotated
    who: platform team
    when: "2026-11-30"
    why: A token of a test account that was closed.
"""
FORK = """\
      - uses: actions/checkout
        with: {ref: '${{ github.event.pull_request.head.sha }}'}
"""
Fault: TypeAlias = Callable[[Repo, str], object]


def _honest(folder: Path) -> Repo:
    repo = made(folder)
    repo.commit("secrets-baseline.yaml", BASELINE)
    repo.commit(WORKFLOW, CI)
    return repo


def _env_in_history(repo: Repo, _own: str) -> None:
    repo.commit(".env", f"GITHUB_TOKEN={GITHUB}\n")
    repo.commit(".env", None)


def _own_value(repo: Repo, own: str) -> None:
    repo.commit("notes.txt", f"the key is {base64.b64encode(own.encode()).decode()}\n")
    repo.commit("notes.txt", None)


def _baseline(old: str, new: str) -> Fault:
    return lambda repo, _own: repo.commit("secrets-baseline.yaml", BASELINE.replace(old, new))


def _workflow(text: str) -> Fault:
    return lambda repo, _own: repo.commit(WORKFLOW, text)


FAULTS: dict[str, tuple[str, Fault]] = {
    "a token in a file that is not committed": (
        "secrets.tree-clean",
        lambda repo, _own: repo.write("settings.py", f"TOKEN = '{GITHUB}'\n"),
    ),
    "a .env that was deleted": ("secrets.history-clean", _env_in_history),
    "own value, Base64, in a commit": ("secrets.own-values-apart", _own_value),
    "a closed finding that nobody answers for": ("secrets.baseline-kept", _baseline("    who: platform team\n", "")),
    "a token in a workflow": ("secrets.ci-clean", _workflow(CI.replace("${{ secrets.API_TOKEN }}", "abc123456"))),
    "a workflow that prints a token": ("secrets.ci-clean", _workflow(f"{CI}      - run: echo $API_TOKEN\n")),
    "a workflow that runs a stranger's code": (
        "secrets.ci-clean",
        _workflow(CI.replace("push: {branches: [main]}", "pull_request_target: {}") + FORK),
    ),
}
"""What becomes of an honest repository, which may be given one of the stack's own values."""


@pytest.fixture(scope="module")
def clean(target: Target, decide_all: DecideAll, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """What the checks say of the honest repository."""
    of_it = _of(target, _honest(tmp_path_factory.mktemp("honest")))
    return {**decide_all("secrets.tree-clean", of_it), **decide_all("secrets.ci-clean", of_it)}


def _of(target: Target, repo: Repo) -> Target:
    return replace(target, root=repo.folder, repository=GitRepository(repo.folder))


@pytest.mark.parametrize(("check", "fault"), FAULTS.values(), ids=list(FAULTS))
def test_a_fault_of_a_repository_is_found_and_nothing_is_without_it(
    target: Target, clean: dict[str, Result], decide: Decide, tmp_path: Path, check: str, fault: Fault
) -> None:
    assert clean[check].outcome is Outcome.PASS, clean[check].summary
    own, repo = target.secret("session-key").reveal(), _honest(tmp_path / "repository")
    fault(repo, own)
    result = decide(check, _of(target, repo))
    assert result.outcome is Outcome.FAIL, f"{result.outcome}: {result.summary}"
    assert not any(secret in str(result) for secret in (own, GITHUB, "abc123456"))


@contextmanager
def _left_over() -> Iterator[None]:
    client = boto3.client("secretsmanager", **aws_of("lab"))
    tags = [{"Key": OURS, "Value": "lab"}]
    client.create_secret(Name="community/left-over", SecretString="nobody knows what for", Tags=tags)
    try:
        yield
    finally:
        client.delete_secret(SecretId="community/left-over", ForceDeleteWithoutRecovery=True)


@contextmanager
def _three_years_later() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli.secrets, "today", lambda: datetime.now(UTC).date() + timedelta(days=3 * 365))
        yield


KEPT: dict[str, tuple[str, Callable[[], AbstractContextManager[None]]]] = {
    "a secret in AWS that is not declared": ("secrets.as-declared", _left_over),
    "secrets that are three years old": ("secrets.as-declared", _three_years_later),
}


@pytest.mark.parametrize(("check", "fault"), KEPT.values(), ids=list(KEPT))
def test_a_secret_that_is_not_kept_as_declared_is_found_and_nothing_is_without_it(
    honest: Decide, decide: Decide, check: str, fault: Callable[[], AbstractContextManager[None]]
) -> None:
    assert honest(check).outcome is Outcome.PASS, honest(check).summary
    with fault():
        result = decide(check)
    assert result.outcome is Outcome.FAIL, f"{result.outcome}: {result.summary}"
