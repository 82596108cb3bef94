"""Reads the logs of every host, by what the releaser's user may read there, and looks for the canaries.

What is looked for goes in on standard input, and no log line comes back but those that hold one: a host's log is never
copied here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from core.errors import CheckError, HostError
from core.ports import Shell

_SECONDS = 40.0

# `size` lines say what was read; `hit` lines are log lines. Login records are binary and hold no request.
SCRIPT = r"""
set -u
umask 077
work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT
IFS= read -r begun
IFS= read -r marker
cat >"$work/canaries"
lines() { wc -l <"$1"; }
logger -t launch-ready-check -- "$marker-journal"
journalctl --since "@$begun" --output short-iso-precise --all --quiet >"$work/journal" 2>"$work/told" ||
    { echo "unreadable journal"; : >"$work/journal"; }
for _ in 1 2 3 4 5 6 7 8 9 10; do
    ! grep -qF -- "$marker-journal" "$work/journal" || break
    sleep 0.3
    journalctl --since "@$begun" --output short-iso-precise --all --quiet >"$work/journal" 2>"$work/told" || break
done
grep -vF -- "$marker-journal" "$work/journal" >"$work/rest" || :
echo "size $(lines "$work/journal") journal"
! grep -qF -- "$marker-journal" "$work/journal" || echo "marker journal"
[ -z "$(journalctl --unit 'app@*.service' --lines 1 --output cat --quiet 2>/dev/null)" ] || echo "marker app"
grep -aiF -f "$work/canaries" "$work/rest" | head -n 20 | cut -c 1-2000 | sed 's/^/hit journal /'
find /var/log -type f -newermt "@$((begun - 1))" ! -path '/var/log/journal/*' \
    ! -name 'wtmp*' ! -name 'btmp*' ! -name 'lastlog*' ! -name 'faillog*' 2>/dev/null >"$work/files"
find /srv/app -maxdepth 2 -type f \( -name '*.log' -o -name '*.jsonl' \) 2>/dev/null >>"$work/files"
while IFS= read -r file; do
    if [ ! -r "$file" ]; then
        echo "unreadable $file"
        continue
    fi
    case "$file" in *.gz) zcat "$file" ;; *) cat "$file" ;; esac >"$work/text" 2>/dev/null
    echo "size $(lines "$work/text") $file"
    ! grep -qF -- "$marker" "$work/text" || echo "marker $file"
    grep -aiF -f "$work/canaries" "$work/text" | head -n 20 | cut -c 1-2000 | sed "s|^|hit $file |"
done <"$work/files"
echo end
"""


@dataclass
class Read:
    """One host: lines by log, where the marker was found, what could not be read, and the lines with a canary."""

    host: str
    sizes: dict[str, int] = field(default_factory=dict)
    markers: set[str] = field(default_factory=set)
    unreadable: list[str] = field(default_factory=list)
    hits: list[tuple[str, str]] = field(default_factory=list)


def read_all(shells: Mapping[str, Shell], patterns: Sequence[str], marker: str, begun: int) -> list[Read]:
    """Ask every host, side by side. ``begun`` is in seconds since 1970, by the hosts' clocks or a little before.

    Raises :class:`CheckError` for the first host that cannot be asked.
    """
    stdin = "\n".join([str(begun), marker, *patterns]).encode() + b"\n"

    def one(name: str) -> Read:
        try:
            ran = shells[name].run(SCRIPT, timeout=_SECONDS, stdin=stdin)
        except HostError as error:
            raise CheckError(f"the logs of {name} could not be read: {error}") from None
        if ran.status or not ran.out.rstrip().endswith("end"):
            raise CheckError(f"the logs of {name} could not be read to the end: {ran.err.strip()[:200]}")
        return parsed(name, ran.out)

    with ThreadPoolExecutor(max_workers=max(1, min(8, len(shells)))) as pool:
        return list(pool.map(one, shells))


def parsed(host: str, said: str) -> Read:
    """What :data:`SCRIPT` said."""
    read = Read(host)
    for line in said.splitlines():
        word, _, rest = line.partition(" ")
        first, _, second = rest.partition(" ")
        match word:
            case "size":
                read.sizes[second] = int(first)
            case "marker":
                read.markers.add(rest)
            case "unreadable":
                read.unreadable.append(rest)
            case "hit":
                read.hits.append((first, second))
    return read


def why_not_told(read: Read) -> str:
    """Why it does not count as read; "" if it does. A log that shows what must be there was read."""
    if "journal" not in read.markers:
        return "its journal does not show a line that was just written to it"
    if "app" not in read.markers:
        return "its journal shows no line of the app's units (is the user in the group systemd-journal?)"
    if not any("/nginx/" in place for place in read.markers):
        shown = ", ".join(read.unreadable) or "none was unreadable"
        return f"no log of nginx shows a request that was just made ({shown})"
    return ""
