"""What a host said about itself, read into values. A host is not trusted to be well: what is wrong names the host."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from core.errors import HostError
from core.ports import Ran
from core.terminal import clean
from deploy.journal import Entry, good_releases, of_releases, parse
from deploy.layout import COLOURS, VERSION, Colour, colour_of, other

_UNPREPARED = "is not prepared for releases: run scripts/prepare-host on it as root"


@dataclass(frozen=True)
class Kept:
    """A release on a host, by the record that was written when it was unpacked.

    ``minimum`` to ``maximum`` are the schema's versions it lives with, ``target`` what its ``migrations`` bring it to,
    ``secrets`` the names that it reads as credentials.
    """

    version: str
    digest: str
    health_path: str
    minimum: int | None = None
    maximum: int | None = None
    target: int | None = None
    migrations: bool = False
    secrets: tuple[str, ...] = ()
    contract: int | None = None
    """What its contract brings the schema to, if it has one."""
    tree: str = ""
    """The SHA-256 of the list of its contents; empty where an older deploy wrote the record."""

    def lives_with(self, schema: int | None) -> bool:
        """Can it run on a database of this version? Where either side says nothing: yes."""
        if schema is None:
            return True
        return (self.minimum is None or schema >= self.minimum) and (self.maximum is None or schema <= self.maximum)


@dataclass(frozen=True)
class Preflight:
    """What a deploy must know beforehand: free bytes and inodes (none: the file system counts none), nginx, names."""

    free_bytes: int
    free_inodes: int | None
    nginx: str
    environment: frozenset[str]


@dataclass(frozen=True)
class Lease:
    """Who held the lock when the host was asked; ``left`` seconds of it (below 0: it has run out)."""

    who: str
    action: str
    since: str
    left: float


@dataclass(frozen=True)
class HostFacts:
    """One host: which colour has the traffic now, which will have it after a boot, what is in the slots and kept.

    ``fence`` is what the lock was given with, ``head`` the SHA-256 of the journal's last line, ``lease`` whoever holds
    the lock, ``maintenance`` whether its visitors see the maintenance page, ``elsewhere`` the runs that other hosts
    saw to their end: by then every host served their versions. ``tenths`` is how many of its ten slots a canary has
    (none: it was prepared before there were slots), ``cools`` the colour that will be stopped, in how many seconds,
    ``drill`` the end of the last drill (only where the preflight was asked for).
    """

    name: str
    current: Colour | None
    live: Colour | None
    slots: Mapping[Colour, str]
    sockets: frozenset[Colour]
    kept: Mapping[str, Kept]
    journal: tuple[Entry, ...]
    preflight: Preflight | None = None
    fence: str = ""
    head: str = ""
    lease: Lease | None = None
    maintenance: bool = False
    elsewhere: frozenset[str] = frozenset()
    tenths: int | None = None
    cools: tuple[Colour, int] | None = None
    drill: Entry | None = None

    @property
    def serving(self) -> Colour | None:
        """The colour that has the traffic."""
        return self.current or self.live

    @property
    def version(self) -> str | None:
        """The version that has the traffic."""
        return self.slots.get(self.serving) if self.serving else None

    @property
    def boots(self) -> str | None:
        """The version that would have the traffic after a boot."""
        return self.slots.get(self.live) if self.live else None

    @property
    def idle(self) -> Colour:
        """The colour that has none: blue on a host that never served."""
        return other(self.serving) if self.serving else "blue"

    @property
    def good(self) -> list[str]:
        """The versions that the traffic was on for good, oldest first."""
        return good_releases(self.journal, self.elsewhere)

    @property
    def settled(self) -> bool:
        """Would a boot now serve what is served now?"""
        return self.current == self.live


@dataclass
class _Reading:
    words: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)


def read_facts(name: str, ran: Ran) -> HostFacts:
    """The facts in what a host said. Raises :class:`HostError` where it is not prepared or said something else."""
    if ran.out.startswith("unprepared"):
        raise HostError(f"{name} {_UNPREPARED}")
    if ran.status:
        raise HostError(f"{name}: {failure(ran)}")
    read = _sort(ran.out.splitlines())
    slots = {colour: read.words[f"slot {colour}"] for colour in COLOURS if read.words.get(f"slot {colour}", "-") != "-"}
    return HostFacts(
        name=name,
        current=colour_of(read.words.get("current", "")),
        live=colour_of(read.words.get("live", "")),
        slots=slots,
        sockets=frozenset(colour for colour in COLOURS if colour in read.lists.get("socket", [])),
        kept={kept.version: kept for line in read.lists.get("release", []) if (kept := _kept(line)) is not None},
        journal=of_releases(parse(read.lists.get("journal", []))),
        preflight=_preflight(name, read) if "space" in read.words else None,
        fence=read.words.get("fence", ""),
        head=read.words.get("head", ""),
        lease=_lease(read.words),
        maintenance="maintenance" in read.words,
        tenths=_count(read.words.get("tenths", "")),
        cools=_cools(read.words),
        drill=next(iter(parse(read.lists.get("drill", []))), None),
    )


def _lease(words: Mapping[str, str]) -> Lease | None:
    try:
        left = int(words["leased"].split()[0]) - int(words["up"])
    except (KeyError, ValueError, IndexError):
        return None
    return read_lease(words.get("lease", ""), left)


def read_lease(text: str, left: float) -> Lease | None:
    """The holder that a lease names (JSON), or none for one that is not ours."""
    try:
        found = json.loads(text)
        who, action, since = (clean(str(found[key]))[:80] for key in ("who", "action", "since"))
    except (ValueError, KeyError, TypeError):
        return None
    return Lease(who, action, since, left)


def _cools(words: Mapping[str, str]) -> tuple[Colour, int] | None:
    name, _, due = words.get("cool", "").partition(" ")
    colour, ends, now = colour_of(name), _count(due), _count(words.get("up", ""))
    return None if colour is None or ends is None or now is None else (colour, max(0, ends - now))


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def _sort(lines: Iterable[str]) -> _Reading:
    read = _Reading()
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "slot":
            colour, _, rest = rest.partition(" ")
            word = f"slot {colour}"
        read.words[word] = rest
        read.lists.setdefault(word, []).append(rest)
    return read


def _preflight(name: str, read: _Reading) -> Preflight:
    numbers = read.words["space"].split()
    try:
        free, total_inodes, inodes = (0 if number == "-" else int(number) for number in numbers)
    except ValueError:
        raise HostError(f"{name}: df answers {clean(read.words['space'])!r}, which is no three numbers") from None
    names = frozenset(read.lists.get("env", []))
    return Preflight(free, inodes if total_inodes else None, read.words.get("nginx", "did not answer"), names)


def _kept(line: str) -> Kept | None:
    """The release that a record tells of, or none for a record that is not one of ours."""
    try:
        found = json.loads(line)
        schema = found.get("schema") or {}
        kept = Kept(
            version=found["version"],
            digest=found["digest"],
            health_path=found["health_path"],
            minimum=schema.get("minimum"),
            maximum=schema.get("maximum"),
            target=schema.get("target"),
            migrations=bool(found.get("migrations")),
            contract=found.get("contract"),
            secrets=tuple(str(name) for name in found.get("secrets") or ()),
            tree=found.get("tree", ""),
        )
    except (ValueError, KeyError, AttributeError, TypeError):
        return None
    texts = (kept.version, kept.digest, kept.health_path, kept.tree)
    return kept if all(isinstance(text, str) for text in texts) and VERSION.fullmatch(kept.version) else None


def failure(ran: Ran) -> str:
    """Why a script failed, in the host's own words, on one line."""
    said = next((line.removeprefix("failed ") for line in ran.out.splitlines() if line.startswith("failed ")), "")
    lines = ran.err.strip().splitlines()
    reason = clean(said or (lines[-1] if lines else "") or f"a step ended with exit status {ran.status}")
    if "No space left on device" in reason:
        return f"its disk is full ({reason[:160]}): free some space and run the same command again"
    if reason.startswith("sudo: "):
        return f"its releaser may not do that as root ({reason[:160]}): run `invoke hosts.prepare` for it"
    return reason[:300]
