"""What the hosts' base tree is made of, and the digest that says when a cached one is still right. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PACKAGES = (
    "ca-certificates",
    "curl",
    "dbus",
    "iproute2",
    "knot",
    "logrotate",
    "nftables",
    "nginx-light",
    "openssh-server",
    "postgresql",
    "procps",
    "python3",
    "rsync",
    "sudo",
    "systemd",
    "systemd-sysv",
    "systemd-timesyncd",
)
# Half of the tree: nobody reads manuals on a lab host, and PostgreSQL runs without its JIT compiler.
LEFT_OUT = (
    "/usr/share/doc/*",
    "/usr/share/info/*",
    "/usr/share/locale/*",
    "/usr/share/man/*",
    "/usr/lib/*/libLLVM*",
    "/usr/lib/llvm-*",
)


@dataclass(frozen=True)
class Base:
    """A Debian tree as ``mmdebstrap`` makes it."""

    suite: str
    architecture: str

    @property
    def digest(self) -> str:
        """Changes when the tree has to be made anew."""
        return _digest([self.suite, self.architecture, *PACKAGES, *LEFT_OUT])

    def argv(self, target: Path, sources: Sequence[Path], options: Iterable[str] = ()) -> list[str]:
        """The command that makes the tree in ``target`` from the machine's own apt sources and apt options."""
        return [
            "mmdebstrap",
            "--mode=root",
            "--variant=minbase",
            f"--include={','.join(PACKAGES)}",
            *(f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT),
            *(f"--aptopt={option}" for option in options),
            self.suite,
            str(target),
            *map(str, sources),
        ]


def layer_digest(base: Base, files: Mapping[str, tuple[int, bytes]]) -> str:
    """The digest of the layer above ``base``: ``files`` are what it is made from, as path → (mode, content)."""
    parts = [base.digest]
    for path in sorted(files):
        mode, content = files[path]
        parts += [path, f"{mode:o}", hashlib.sha256(content).hexdigest()]
    return _digest(parts)


def read_files(folder: Path) -> dict[str, tuple[int, bytes]]:
    """The regular files below ``folder`` by their relative path, with their mode and content."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mode & 0o777, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def offers(source: str, suite: str) -> bool:
    """Whether the text of an apt source file (sources.list(5), either format) offers ``suite``'s ``main``."""
    return any(_one_line_offers(line, suite) for line in source.splitlines()) or any(
        _stanza_offers(stanza, suite) for stanza in re.split(r"\n\s*\n", source)
    )


def _one_line_offers(line: str, suite: str) -> bool:
    words = re.sub(r"\[[^\]]*\]", "", line.partition("#")[0]).split()
    return len(words) > 3 and words[0] == "deb" and words[2] == suite and "main" in words[3:]


def _stanza_offers(stanza: str, suite: str) -> bool:
    lines = [line for line in stanza.splitlines() if not line.startswith("#")]
    fields = {
        name.strip().lower(): value.split()
        for name, colon, value in (line.partition(":") for line in lines if not line[:1].isspace())
        if colon
    }
    return (
        "deb" in fields.get("types", [])
        and suite in fields.get("suites", [])
        and "main" in fields.get("components", [])
        and fields.get("enabled", ["yes"])[0].lower() not in ("no", "false", "0", "off", "without", "disable")
    )


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
