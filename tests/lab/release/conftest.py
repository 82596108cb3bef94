"""Hosts under a folder: every script is run, by the real sh, curl and tar; systemd, sudo and nginx are stand-ins."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pytest

from adapters.clock import SystemClock
from core.errors import HostError
from core.ports import Answer, Input, Ran
from core.settings.release import Release
from deploy.artifact import Artifact
from deploy.layout import Layout
from deploy.lock import Owner
from deploy.operation import World
from tests.tiny_release import build

SUDO = """\
#!/bin/sh
# sudo -n COMMAND: systemctl, nginx and the tools, for the host under $ROOT
shift
case "$1 $2" in
"systemctl restart" | "systemctl stop")
    colour=${3#app@}; colour=${colour%.service}
    pidfile=$ROOT/pids/$colour
    echo "$2 $colour" >>"$ROOT/systemctl.log"
    if [ -e "$pidfile" ]; then kill "$(cat "$pidfile")" 2>/dev/null || true; rm -f "$pidfile"; fi
    rm -rf "$ROOT/run/app/$colour.sock" "$ROOT/running/credentials/$colour"
    [ "$2" = restart ] || exit 0
    cd "$ROOT/srv/app/slots/$colour" || exit 1
    exec 8>&- 9>&-
    [ ! -e "$ROOT/credentials/$colour" ] || {
        mkdir -p "$ROOT/running/credentials"
        cp -r "$ROOT/credentials/$colour" "$ROOT/running/credentials/$colour"
    }
    CREDENTIALS_DIRECTORY=$ROOT/running/credentials/$colour
    export CREDENTIALS_DIRECTORY
    APP_COLOUR=$colour APP_SOCKET=$ROOT/run/app/$colour.sock setsid ./.launch/run </dev/null >>"$ROOT/app.log" 2>&1 &
    echo $! >"$pidfile" ;;
"systemctl start")
    colour=${3#*@}; colour=${colour%.service}; script=${3#app-}; script=${script%@*}
    cd "$ROOT/srv/app/slots/$colour" && ROOT=$ROOT ./.launch/$script >>"$ROOT/app.log" 2>&1 ;;
"nginx -t")
    [ ! -e "$ROOT/nginx-broken" ] || { echo 'nginx: [emerg] unknown directive "oops" in app.conf:3' >&2; exit 1; } ;;
*/in-flight\\ *) cat "$ROOT/in-flight-$2" 2>/dev/null || echo 0 ;;
*/credentials\\ put)
    read -r version
    kept=$ROOT/credentials/of.$version
    rm -rf "$kept.new"
    mkdir -p "$kept.new"
    while read -r name value; do printf %s "$value" | base64 -d >"$kept.new/$name" || exit 65; done
    [ -n "$(ls "$kept.new")" ] || { echo "credentials: no credential arrived" >&2; exit 65; }
    rm -rf "$kept"
    mv "$kept.new" "$kept" ;;
*/credentials\\ use)
    version=$(basename "$(readlink "$ROOT/srv/app/slots/$3")")
    rm -rf "$ROOT/credentials/$3"
    [ ! -e "$ROOT/credentials/of.$version" ] || cp -r "$ROOT/credentials/of.$version" "$ROOT/credentials/$3" ;;
*/credentials\\ proof)
    read -r salt
    for file in "$ROOT/running/credentials/$3"/*; do
        [ ! -f "$file" ] || echo "${file##*/} $({ printf %s "$salt" && cat "$file"; } | sha256sum | cut -c 1-64)"
    done ;;
*/credentials\\ names) [ ! -e "$ROOT/credentials/$3" ] || ls "$ROOT/credentials/$3" ;;
*env-names*) printf 'DATABASE_URL\\nSESSION_KEY\\n' ;;
*env-redact*) exec sed 's/hunter22/[secret]/g' ;;
*) echo "sudo: not allowed: $*" >&2; exit 1 ;;
esac
"""

PROBE = """\
#!/bin/sh
[ ! -e "$ROOT/probe-broken" ] || { echo "502 "; exit 0; }
curl --silent --unix-socket "$ROOT/run/app/current.sock" --max-time 5 --output /dev/null \
    --write-out '%{http_code} %header{x-release}\\n' "http://app$1" || true
"""


@dataclass
class FolderHost:
    """Fulfils :class:`core.ports.Shell` for a host that is a folder. ``fail`` says which scripts must not arrive."""

    name: str
    root: Path
    fail: Callable[[str], bool] = lambda _script: False
    after: Callable[[str], bool] = lambda _script: False
    ran: list[str] = field(default_factory=list)
    held: list[HeldProcess] = field(default_factory=list)

    def connect(self) -> None:
        if self.fail("connect"):
            raise HostError(f"{self.name} refuses connections: is it on?")

    def run(self, script: str, *, timeout: float, stdin: Input = None) -> Ran:
        self.ran.append(script)
        if self.fail(script):
            raise HostError(f"{self.name}: the connection was lost")
        given = stdin.read_bytes() if isinstance(stdin, Path) else stdin
        given = given if isinstance(given, bytes) else b"".join(given or ())
        done = subprocess.run(
            ["sh", "-c", script], input=given, capture_output=True, env=self.environment, timeout=timeout
        )
        if self.after(script):
            raise HostError(f"{self.name}: the connection was lost before a step there had ended")
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    def pull(self, script: str, into: Path, *, timeout: float) -> Ran:
        self.ran.append(script)
        if self.fail(script):
            raise HostError(f"{self.name}: the connection was lost")
        with into.open("wb") as file:
            done = subprocess.run(
                ["sh", "-c", script], stdout=file, stderr=subprocess.PIPE, env=self.environment, timeout=timeout
            )
        return Ran(done.returncode, "", done.stderr.decode())

    def hold(self, script: str, *, timeout: float) -> HeldProcess:
        self.ran.append(script)
        process = subprocess.Popen(
            ["sh", "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            text=True,
        )
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line == "end\n":
                held = HeldProcess(process, Ran(0, "".join(lines), ""))
                self.held.append(held)
                return held
        assert process.stderr is not None
        return HeldProcess(process, Ran(process.wait(), "".join(lines), process.stderr.read()))

    def close(self) -> None:
        for held in self.held:
            held.let_go()

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": f"{self.root}/bin:{os.environ['PATH']}", "ROOT": str(self.root)}

    @property
    def layout(self) -> Layout:
        return Layout.under(PurePosixPath(self.root))

    def stop(self) -> None:
        for file in (self.root / "pids").iterdir():
            with_group = int(file.read_text())
            try:
                os.kill(with_group, signal.SIGKILL)
            except ProcessLookupError:
                continue


class HeldProcess:
    def __init__(self, process: subprocess.Popen[str], said: Ran) -> None:
        self.process = process
        self.said = said

    def beat(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def let_go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(5)


def make_host(name: str, root: Path) -> FolderHost:
    for folder in ("srv/app/releases", "srv/app/slots", "run/app", "run/launch", "bin", "pids", "var/log/nginx"):
        (root / folder).mkdir(parents=True)
    tools = root / "usr/local/lib/app"
    tools.mkdir(parents=True)
    (root / "var/log/nginx/release.log").touch()
    for slot in range(10):
        (root / f"run/app/s{slot}.sock").symlink_to("current.sock")
    stubs = {
        root / "bin/sudo": SUDO,
        tools / "probe": PROBE,
        tools / "credentials": "#!/bin/sh\nexit 1\n",
        root / "bin/journalctl": '#!/bin/sh\ncat "$ROOT/app.log"\n',
    }
    for path, text in stubs.items():
        path.write_text(text)
        path.chmod(0o755)
    return FolderHost(name, root)


class Edge:
    """An edge before the hosts: asks the first one's traffic link as nginx there would."""

    def __init__(self, host: FolderHost) -> None:
        self.host = host
        self.reason = ""

    def ask(self, path: str) -> Answer:
        if self.reason:
            return Answer(0, reason=self.reason)
        probe = [str(self.host.root / "usr/local/lib/app/probe"), path]
        status, _, release = (
            subprocess.run(probe, capture_output=True, text=True, env=self.host.environment)
            .stdout.strip()
            .partition(" ")
        )
        return Answer(int(status) or 502, release)


@dataclass
class Told:
    """Fulfils :class:`deploy.progress.Progress`."""

    phases: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    at: Callable[[str], None] = lambda _phase: None

    def phase(self, name: str, seconds: float, hosts: Mapping[str, str]) -> None:
        assert seconds >= 0
        self.phases.append((name, dict(hosts)))
        self.at(name)

    def note(self, text: str) -> None:
        self.notes.append(text)


def quick() -> Release:
    """Settings under which a test ends soon."""
    text = """{"health": {"timeout_seconds": 8, "passes": 2, "interval_seconds": 0.02}, "drain_seconds": 0.05,
        "verify_seconds": 1, "watch": {"seconds": 0, "interval_seconds": 0.1, "min_requests": 5},
        "disk_margin_bytes": 0, "keep": 2}"""
    return Release.model_validate_json(text)


@dataclass
class Fleet:
    """A fleet of folder hosts and the world around it."""

    hosts: dict[str, FolderHost]
    folder: Path
    edge: Edge
    told: Told = field(default_factory=Told)
    settings: Release = field(default_factory=quick)

    @property
    def world(self) -> World:
        # every host has the same layout but its root: scripts name it by the variable that the stand-ins know too
        return World(
            {name: Rooted(host) for name, host in self.hosts.items()},
            self.edge,
            SystemClock(),
            self.told,
            self.settings,
            Layout.under(PurePosixPath("@ROOT@")),
            Owner("tester", "here"),
        )

    def serves(self) -> dict[str, str]:
        """What a request to each host gets now."""
        out = {}
        for name, host in self.hosts.items():
            probe = [str(host.root / "usr/local/lib/app/probe"), "/"]
            env = host.environment
            out[name] = subprocess.run(probe, capture_output=True, text=True, env=env).stdout.strip()
        return out

    def boots(self) -> dict[str, str | None]:
        """What each host would serve after a boot."""
        live = {name: host.root / "srv/app/live" for name, host in self.hosts.items()}
        return {name: link.resolve().name if link.is_symlink() else None for name, link in live.items()}

    def unlocked(self) -> bool:
        """Can every host's lock be had at once?"""
        locks = [host.root / "run/launch/lock" for host in self.hosts.values()]
        return all(subprocess.run(["flock", "-w", "2", str(lock), "true"]).returncode == 0 for lock in locks)


class Rooted:
    """A folder host whose scripts are written for ``@ROOT@``."""

    def __init__(self, host: FolderHost) -> None:
        self.host = host
        self.name = host.name

    def connect(self) -> None:
        self.host.connect()

    def run(self, script: str, *, timeout: float, stdin: Input = None) -> Ran:
        return self.host.run(self._rooted(script), timeout=timeout, stdin=stdin)

    def pull(self, script: str, into: Path, *, timeout: float) -> Ran:
        return self.host.pull(self._rooted(script), into, timeout=timeout)

    def hold(self, script: str, *, timeout: float) -> HeldProcess:
        return self.host.hold(self._rooted(script), timeout=timeout)

    def close(self) -> None:
        self.host.close()

    def _rooted(self, script: str) -> str:
        return script.replace("@ROOT@", str(self.host.root))


@pytest.fixture
def builder(tmp_path: Path) -> Callable[..., Artifact]:
    folder = tmp_path / "artifacts"
    folder.mkdir()
    return lambda version, **options: build(folder, version, **options)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    if shutil.which("curl") is None:
        pytest.fail("curl is needed: scripts/setup brings it")
    hosts = {name: make_host(name, tmp_path / name) for name in ("a", "b", "c")}
    made = Fleet(hosts, tmp_path, Edge(hosts["a"]))
    threads = threading.active_count()
    yield made
    for host in hosts.values():
        host.close()
        host.stop()
    assert threading.active_count() <= threads + 8
