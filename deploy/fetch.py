"""A release that one host keeps, for another that lacks it, where the artefact is not at hand."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from core.errors import ArtifactError, HostError
from core.ports import Shell
from deploy import commands
from deploy.artifact import Artifact, open_artifact
from deploy.facts import Kept, failure
from deploy.layout import Layout

FETCH_SECONDS = 900.0


@contextmanager
def fetch_from_host(shell: Shell, layout: Layout, kept: Kept, seconds: float = FETCH_SECONDS) -> Iterator[Artifact]:
    """The release that the host behind ``shell`` keeps, as an artefact for :func:`deploy.send.send_all`.

    ``kept`` is what is known of it: by that host, or better by all. What comes is read like any artefact, and its
    contents must have the SHA-256 ``kept.tree``; the artefact keeps the digest that it was deployed by. It lies in a
    file of this machine, which is removed at the end. Raises :class:`HostError` that names the host. ``seconds`` is
    the time for all of it.
    """
    if not kept.tree:
        raise HostError(
            f"{shell.name} keeps {kept.version} without a list of its contents, from before there was one: deploy its"
            " artefact again"
        )
    with tempfile.TemporaryDirectory(prefix="launch-ready-") as folder:
        path = Path(folder) / f"{kept.version}.tar.gz"
        ran = shell.pull(commands.give(layout, kept.version), path, timeout=seconds)
        if ran.status:
            raise HostError(f"{shell.name}: {failure(ran)}")
        yield _checked(shell.name, path, kept)


def _checked(name: str, path: Path, kept: Kept) -> Artifact:
    try:
        artifact = open_artifact(path)
    except ArtifactError as error:
        reason = str(error).splitlines()[0].replace(f"{path}: ", "").replace(str(path), "it")
        raise HostError(
            f"{name} keeps {kept.version} damaged: {reason}: take another host's, or deploy it again"
        ) from None
    if artifact.tree != kept.tree or artifact.version != kept.version:
        raise HostError(
            f"{name} keeps {kept.version} with other contents than were deployed (tree {artifact.tree[:12]}…, not"
            f" {kept.tree[:12]}…): take another host's, or deploy it again"
        )
    return replace(artifact, digest=kept.digest, vouched=f"kept by {name}")
