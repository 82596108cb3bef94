"""A Pulumi project and a stack's configuration, read as the Pulumi CLI reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import EngineError
from core.loopback import require_loopback_url
from core.pulumi_crypt import Crypter, create, decrypt_config, unlock
from core.secret import Secret
from core.settings.base import config_of, stack_file
from core.settings.yaml_tree import Tree, read_tree
from lab.engine import wire
from lab.engine.state import StateFile
from lab.place import NO_AWS, aws_environment


@dataclass(frozen=True, kw_only=True)
class Project:
    """What a run needs to know. ``root`` has ``Pulumi.yaml``; ``base_url`` and ``aws_url`` are APIs, on loopback.

    ``parallel`` bounds how many resources are worked on at once.
    """

    root: Path
    stack: str
    state_folder: Path
    base_url: str
    token: Secret
    passphrase: Secret
    parallel: int = 16
    aws_url: str = NO_AWS

    def __post_init__(self) -> None:
        """Refuse an API that is not on loopback (:class:`core.errors.LabError`)."""
        require_loopback_url(self.base_url)
        require_loopback_url(self.aws_url)

    @property
    def aws_environment(self) -> dict[str, str]:
        """What AWS's library reads to reach the lab's AWS, and nothing else."""
        return aws_environment(self.aws_url)

    @property
    def state(self) -> StateFile:
        """Where the stack's state is."""
        return StateFile(self.state_folder, self.stack)


@dataclass(frozen=True)
class Program:
    """What ``Pulumi.yaml`` says: the project's name, the file to run, and the folder of the stacks' files."""

    name: str
    main: Path
    stacks: Path


@dataclass(frozen=True)
class Config:
    """A stack's configuration as a program gets it: strings, JSON in them for maps and lists, by full key.

    Values of ``secret_keys`` are bare: they go to the program's process by a pipe and nowhere else.
    """

    project: str
    values: Mapping[str, str]
    secret_keys: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Config({', '.join(self.values)})"

    def of_providers(self) -> dict[str, dict[str, Any]]:
        """The inputs of each package's default provider: what is not under the project's own name."""
        found: dict[str, dict[str, Any]] = {}
        for full, value in self.values.items():
            package, _, name = full.partition(":")
            if package != self.project:
                found.setdefault(package, {})[name] = wire.secret(value) if full in self.secret_keys else value
        return found

    def words(self) -> Iterator[str]:
        """Every string in a secret value: what must not be shown."""
        for key in self.secret_keys:
            yield from _strings(self.values[key])


def read_program(root: Path) -> Program:
    """Read ``Pulumi.yaml``. Raises :class:`EngineError` for a project that is not a Python one."""
    tree = read_tree(root / "Pulumi.yaml")
    value = tree.value if isinstance(tree.value, dict) else {}
    name, runtime = value.get("name"), value.get("runtime")
    if isinstance(runtime, dict):
        runtime = runtime.get("name")
    if not isinstance(name, str) or not name:
        raise EngineError(f"{tree.name}: `name` is missing: give the project a name")
    if runtime != "python":
        raise EngineError(f"{tree.where(('runtime',))}: the lab's engine runs Python programs, and this is {runtime!r}")
    main = (root / str(value.get("main", "."))).resolve()
    main = main / "__main__.py" if main.is_dir() else main
    if not main.is_file():
        raise EngineError(f"{tree.where(('main',))}: there is no program {main}")
    return Program(name, main, root / str(value.get("stackConfigDir", ".")))


def read_stack(program: Program, stack: str) -> Tree:
    """Read a stack's file. Raises :class:`core.errors.SettingsError` that lists the stacks there are."""
    return read_tree(stack_file(program.stacks, stack))


def unlock_stack(tree: Tree, state_salt: str, passphrase: Secret) -> tuple[Crypter, Crypter]:
    """The crypters of a stack's file and of its state, which are one where both have the same salt.

    A stack's file with no salt has no secrets of its own; a state with none is a new one.
    """
    value = tree.value if isinstance(tree.value, dict) else {}
    salt = value.get("encryptionsalt") or state_salt
    config = unlock(passphrase.reveal(), str(salt)) if salt else create(passphrase.reveal())
    return config, unlock(passphrase.reveal(), state_salt) if state_salt else config


def read_config(tree: Tree, project: str, crypter: Crypter) -> Config:
    """The configuration of a stack's file; a key without a namespace is the project's own."""
    values: dict[str, str] = {}
    secret_keys = []
    for key, item in config_of(tree).items():
        full = key if ":" in key else f"{project}:{key}"
        plain, secret = decrypt_config(item, crypter)
        values[full] = plain if isinstance(plain, str) else json.dumps(plain)
        if secret:
            secret_keys.append(full)
    return Config(project, values, tuple(secret_keys))


def _strings(text: str) -> Iterator[str]:
    yield text
    try:
        yield from _texts_in(json.loads(text))
    except json.JSONDecodeError:
        return


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts_in(item)
