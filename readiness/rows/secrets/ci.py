"""CI's own files: secrets that stand in them, that a stranger's branch gets, or that a log shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from core.errors import LaunchReadyError
from core.leaks import Coverage, Piece
from core.terminal import clean
from readiness.check import Result, Said, beside_the_point, held, unknown
from readiness.rows.secrets import checks
from readiness.target import Target

_FILES = re.compile(
    r"(?:\.github/workflows/[^/]+|\.github/actions/.+|\.gitlab-ci|\.gitlab/ci/.+|\.circleci/config|azure-pipelines"
    r"|bitbucket-pipelines|\.drone|\.woodpecker/.+|\.woodpecker|\.travis|\.forgejo/workflows/[^/]+|\.gitea/workflows/[^/]+"
    r"|docs/ci/[^/]+)\.ya?ml"
)
_NAME = re.compile(r"(?i)(?:pass(?:word|wd|phrase)?|secret|token|api_?key|private_?key|credential)s?$")
_REFERENCE = re.compile(r"\$|^\s*$|^(?:true|false|read|write|none)$")
_PRINTS = re.compile(
    r"(?i)(?:\b(?:echo|printf|cat|print)\b[^\n|>]*(?:\$\{\{\s*secrets\.|\$\{?[A-Z_]*(?:PASSWORD|SECRET|TOKEN|API_KEY)\b)"
    r"|\bprintenv\b|^\s*env\s*$|\bset -[a-z]*x)",
    re.MULTILINE,
)
_FORK = re.compile(r"github\.event\.pull_request\.head|refs/pull/|github\.head_ref")
_DEEPEST = 30


def ci_files(target: Target) -> Iterator[Result]:
    """Decides on CI's files."""
    if target.repository is None:
        return
    try:
        files = {piece.path: piece for piece in target.repository.tree(Coverage()) if _FILES.fullmatch(piece.path)}
    except LaunchReadyError as error:
        yield unknown(checks.CI, f"the working tree cannot be read: {error}")
        return
    if not files:
        yield beside_the_point(checks.CI, "the repository has no file of any of 11 kinds of CI")
        return
    wrong = [f"{clean(path)}: {what}" for path, piece in files.items() for what in faults(piece)]
    yield held(checks.CI, wrong, f"{len(files)} files", Said("CI's files", "\n".join(files)))


def faults(piece: Piece) -> Iterator[str]:
    """What is wrong with one file, in sentences; a file that is no YAML is one of them."""
    text = piece.data.decode("utf-8", "replace")
    try:
        # No anchors: they can make a small file endless, and GitHub takes none that matter here.
        found = None if re.search(r"(?m)[:\-]\s+[&*][A-Za-z]", text) else yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError):
        yield "it cannot be read as YAML"
        return
    yield from dict.fromkeys(f"{name} has its value in the file" for name in _written_out(found, 0))
    if _PRINTS.search(text):
        yield "it prints a secret, or all of the environment, to its log"
    if isinstance(found, dict) and _on_target(found) and _FORK.search(text):
        yield "pull_request_target checks out what a stranger sent, with the repository's secrets"


def _on_target(found: Mapping[Any, Any]) -> bool:
    # YAML 1.1 reads the key `on` as true.
    return "pull_request_target" in str(found.get("on", found.get(True, "")))


def _written_out(value: Any, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(key, str) and _NAME.search(key) and isinstance(inner, str) and not _REFERENCE.search(inner):
                yield clean(key)[:60]
            yield from _written_out(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _written_out(inner, depth + 1)
