"""``hosts.audit``: what a host says of itself, judged. Pure; each check has an id that stays.

``ok`` and ``bad`` are seen; ``cannot tell`` is what a host did not say or cannot know, and why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from core.errors import HostError
from core.ports import Ran, Shell
from core.terminal import clean
from deploy.facts import failure
from deploy.fleet import Gathered, at_once
from deploy.hosts import commands
from deploy.layout import COLOURS, Layout

Verdict: TypeAlias = Literal["ok", "bad", "cannot tell"]
OK, BAD, UNKNOWN = ("ok", "bad", "cannot tell")

SUPPORTED = {"debian": ("12", "13")}
FULL_PERCENT = 85
EXPIRES = timedelta(days=14)
_SECONDS = 60.0


@dataclass(frozen=True)
class Check:
    """One fact of one host: ``id`` is stable, ``why`` says what was seen and, where it is bad, the way out."""

    id: str
    verdict: Verdict
    why: str


@dataclass(frozen=True)
class Said:
    """A host's words: what followed each, in its order."""

    words: Mapping[str, list[str]] = field(default_factory=dict)

    def one(self, word: str) -> str:
        """The last thing that was said of ``word``, or nothing."""
        return self.words.get(word, [""])[-1]

    def all(self, word: str) -> list[str]:
        """Everything that was said of ``word``."""
        return self.words.get(word, [])


def audit(shells: Mapping[str, Shell], layout: Layout, now: datetime) -> Gathered[tuple[Check, ...]]:
    """Ask every host and judge what it says."""
    script = commands.audit(layout)
    return at_once(shells, lambda name: judge(read(name, shells[name].run(script, timeout=_SECONDS)), now))


def read(name: str, ran: Ran) -> Said:
    """What a host said. Raises :class:`HostError` for one that could not say it."""
    if ran.status:
        raise HostError(f"{name}: {failure(ran)}")
    words: dict[str, list[str]] = {}
    for line in ran.out.splitlines():
        word, _, rest = clean(line).partition(" ")
        words.setdefault(word, []).append(rest)
    return Said(words)


def judge(said: Said, now: datetime) -> tuple[Check, ...]:
    """Every check, in an order that stays."""
    checks = [check for rule in _SEEN_BY_ALL for check in rule(said)]
    if "failed-audit" in said.words:
        why = "root's part of the audit did not run: run `invoke hosts.prepare` for this host"
        return (*checks, Check("host.prepared", "bad", why))
    return (*checks, *(check for rule in _SEEN_BY_ROOT for check in rule(said)), _certificate(said, now))


def _check(name: str, good: bool, fine: str, wrong: str) -> Check:
    return Check(name, "ok" if good else "bad", fine if good else wrong)


def _system(said: Said) -> Iterator[Check]:
    name, _, version = said.one("system").partition(" ")
    wrong = f"{name} {version} gets no help here: Debian 12 and 13 do"
    yield _check("system.supported", version in SUPPORTED.get(name, ()), f"{name} {version}", wrong)
    running, _, newest = said.one("kernel").partition(" ")
    pending = bool(said.all("reboot")) or (newest not in ("", running))
    yield _check(
        "system.reboot", not pending, f"none is due ({running})", f"a reboot is due, to {newest or 'an update'}"
    )


def _clock(said: Said) -> Iterator[Check]:
    word = said.one("clock")
    if word == "container":
        yield Check("time.synced", "cannot tell", "a container has its machine's clock")
    elif word not in ("yes", "no"):
        yield Check("time.synced", "cannot tell", "timedatectl does not answer")
    else:
        yield _check("time.synced", word == "yes", "by NTP", "the clock is not synchronised: look at timedatectl")


def _disk(said: Said) -> Iterator[Check]:
    for what in ("disk", "inodes"):
        for line in said.all(what):
            path, _, percent = line.partition(" ")
            number = percent.strip().rstrip("%")
            name = f"{what}.{path.strip('/').replace('/', '-')}"
            if not number.isdecimal():
                yield Check(name, "cannot tell", f"the file system of {path} counts none")
            else:
                full = int(number) >= FULL_PERCENT
                yield _check(
                    name, not full, f"{number} % used", f"{number} % used: free some, or releases will be refused"
                )


def _journal(said: Said) -> Iterator[Check]:
    wrong = "user deploy cannot write /srv/app/journal.jsonl: chown it to deploy"
    yield _check("journal.writable", "writable" in said.all("journal"), "by user deploy", wrong)


def _slots(said: Said) -> Iterator[Check]:
    if said.one("held") == "yes":
        yield Check("slots.right", "cannot tell", "somebody is releasing now")
        return
    links = [line.partition(" ") for line in said.all("slot")]
    astray = [f"s{number}.sock -> {target}" for number, _, target in links if target != "current.sock"]
    wrong = f"{', '.join(astray)}: a canary was left: invoke deploy.resume"
    yield _check("slots.right", not astray, "all ten go where the traffic goes", wrong)
    current, live = said.one("current").removesuffix(".sock"), said.one("live").removeprefix("slots/")
    wrong = f"the traffic goes to {current}, and a boot would make it {live}: invoke deploy.resume"
    yield _check("slots.boot", current == live, f"a boot serves what is served ({live})", wrong)


def _units(said: Said) -> Iterator[Check]:
    for line in said.all("unit"):
        unit, *states = line.split()
        active, enabled = (*states, "", "")[:2]
        if unit == "app-firewall" and said.one("firewall") == "off":
            continue
        running = active == "active" or (unit == "app-link" and active in ("active", "inactive"))
        good = running and (enabled in ("enabled", "static") or unit == "ssh")
        yield _check(
            f"unit.{unit}", good, f"{active}, {enabled}", f"{active or 'missing'}, {enabled or 'unknown'}: {_AGAIN}"
        )


_AGAIN = "run `invoke hosts.prepare`"


def _files(said: Said) -> Iterator[Check]:
    found = [line.partition(" ") for line in said.all("file")]
    if not found:
        yield Check("files.ours", "bad", f"/etc/app/prepared is missing: {_AGAIN}")
        return
    other = [f"{path} ({state})" for state, _, path in found if state != "same"]
    for name, belongs in (("files.ours", _is_ours), ("nginx.ours", _is_nginxs)):
        wrong = [text for text in other if belongs(text)]
        count = sum(belongs(path) for _state, _, path in found)
        yield _check(
            name, not wrong, f"all {count} as prepared", f"{', '.join(wrong)}: {_AGAIN}, with --check to see it"
        )


def _is_nginxs(path: str) -> bool:
    return path.startswith("/etc/nginx/")


def _is_ours(path: str) -> bool:
    return not _is_nginxs(path)


_MODES = {
    "/etc/app/env": ("600 root:root",),
    "/etc/app/credentials": ("700 root:root",),
    "/etc/app/tls": ("750 root:www-data", "700 root:root"),
    "/etc/app/tls/origin.key": ("600 root:root", "640 root:root", "400 root:root"),
    "/srv/app": ("755 deploy:deploy",),
    "/srv/app/releases": ("755 deploy:deploy",),
    "/run/app": ("3775 deploy:app",),
}


def _modes(said: Said) -> Iterator[Check]:
    wrong = []
    for line in said.all("mode"):
        mode, owner, path = line.split(" ", 2)
        if f"{mode} {owner}" not in _MODES.get(path, (f"{mode} {owner}",)):
            wrong.append(f"{path} is {mode} {owner}, and should be {_MODES[path][0]}")
    yield _check("files.modes", not wrong, "as they should be", "; ".join(wrong))


def sudo_rules() -> set[str]:
    """What user deploy may do as root, as ``sudo -l`` says it."""
    tools = "/usr/local/lib/app"
    each = [
        rule
        for colour in COLOURS
        for rule in (
            f"/usr/bin/systemctl restart app@{colour}.service",
            f"/usr/bin/systemctl stop app@{colour}.service",
            f"/usr/bin/systemctl start app-migrate@{colour}.service",
            f"/usr/bin/systemctl start app-contract@{colour}.service",
            f"{tools}/in-flight {colour}",
            f"{tools}/credentials use {colour}",
            f"{tools}/credentials names {colour}",
            f"{tools}/credentials proof {colour}",
        )
    ]
    once = [f"{tools}/credentials put", "/usr/sbin/nginx -t -q"]
    bare = [f'{tools}/{tool} ""' for tool in ("audit", "env-names", "env-redact")]
    return {f"(root) NOPASSWD: {rule}" for rule in (*each, *once, *bare)}


def _sudo(said: Said) -> Iterator[Check]:
    found = set(said.all("sudo"))
    if wider := sorted(found - sudo_rules()):
        yield Check("sudo.least", "bad", f"user deploy may also: {'; '.join(wider)}: take it away")
    elif missing := sorted(sudo_rules() - found):
        yield Check("sudo.least", "bad", f"user deploy may not: {'; '.join(missing)}: {_AGAIN}")
    else:
        yield Check("sudo.least", "ok", f"{len(found)} exact commands")


def _sshd(said: Said) -> Iterator[Check]:
    settings = dict(line.split(" ", 1) for line in said.all("sshd") if " " in line)
    if not settings:
        yield Check("sshd.passwords", "cannot tell", "sshd -T does not answer")
        return
    open_to = [
        name for name in ("passwordauthentication", "kbdinteractiveauthentication") if settings.get(name) != "no"
    ]
    wrong = f"sshd takes passwords ({', '.join(open_to)}): give root or a sudoer a key, then {_AGAIN}"
    yield _check("sshd.passwords", not open_to, "keys alone", wrong)
    root = settings.get("permitrootlogin", "")
    good = root in ("no", "prohibit-password", "without-password", "forced-commands-only")
    yield _check("sshd.root", good, f"root: {root}", "root may log in by password: PermitRootLogin prohibit-password")


def _firewall(said: Said) -> Iterator[Check]:
    word = said.one("firewall")
    if word == "off":
        why = "/etc/app/firewall.off is there: right for a machine that shares its network namespace, and for no other"
        yield Check("firewall.loaded", "cannot tell", why)
    else:
        wrong = f"the table inet app is not loaded: everybody reaches the origin: {_AGAIN}"
        yield _check("firewall.loaded", word == "loaded", "the table inet app", wrong)


def _nginx(said: Said) -> Iterator[Check]:
    word = said.one("nginx")
    yield _check("nginx.valid", word == "ok", "nginx -t", f"nginx -t: {word}")
    sites = said.all("site")
    yield _check("nginx.alone", not sites, "no other site", f"there is {', '.join(sites)} beside ours: is it meant?")


def _certificate(said: Said, now: datetime) -> Check:
    word = said.one("certificate")
    if not word.isdecimal():
        return Check("tls.expiry", "bad", "no certificate at /etc/app/tls/origin.pem: put the Origin CA's there")
    ends = datetime.fromtimestamp(int(word), now.tzinfo)
    wrong = f"the origin's certificate ends on {ends:%Y-%m-%d}: make a new one"
    return _check("tls.expiry", ends - now > EXPIRES, f"until {ends:%Y-%m-%d}", wrong)


_Rule: TypeAlias = Callable[[Said], Iterator[Check]]
_SEEN_BY_ALL: tuple[_Rule, ...] = (_system, _clock, _disk, _journal, _slots)
_SEEN_BY_ROOT: tuple[_Rule, ...] = (_units, _files, _modes, _sudo, _sshd, _firewall, _nginx)
