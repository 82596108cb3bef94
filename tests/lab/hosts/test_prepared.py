"""What scripts/prepare-host leaves on a real host: the ten ways, streams, counts, credentials, maintenance, cooling."""

from __future__ import annotations

import base64
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.hosts import api
from lab.place import Place, here
from tests.lab.hosts.prepared import NAME, Prepared

pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="hosts need root")]

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
RUN = "sh /root/prepare/prepare-host"
STATE = "sha256sum /etc/nginx/conf.d/app.conf; stat -c %a /usr/local/lib/app/probe; ls /etc/logrotate.d; id deploy"


def bring(host: Prepared) -> None:
    host.root("mkdir -p /root/prepare")
    for name in ("prepare-host", "rollback-here", "cloudflare-ranges"):
        host.root(f"cat >/root/prepare/{name}", (SCRIPTS / name).read_text())


@pytest.fixture(scope="module")
def _host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    root = tmp_path_factory.mktemp("prepared")
    (root / ".cache").symlink_to(here().cache.resolve())
    place = Place(root, (here().net + 170) % 254 + 1)
    api.boot(place, [NAME], lambda _line: None)
    yield Prepared(place)
    api.halt(place)


@pytest.fixture
def host(_host: Prepared) -> Prepared:
    """Blue (1.0.0) live, green (2.0.0) warm, no maintenance, every link as after a boot."""
    _host.root(
        "rm -f /srv/app/maintenance.html /run/launch/cool /run/app/s?.sock; : >/var/log/nginx/release.log;"
        "systemd-tmpfiles --create /usr/lib/tmpfiles.d/app.conf"
    )
    _host.install()
    return _host


def versions(host: Prepared, count: int) -> Counter[str]:
    return Counter(host.request("/")[2]["X-Release"] for _ in range(count))


def test_a_second_run_changes_nothing_and_a_check_says_so(host: Prepared) -> None:
    bring(host)
    # The lab's own hosts differ in how root comes in: the first run here takes that back.
    host.root(RUN)
    lines = host.root(RUN).splitlines()
    assert [line for line in lines if "firewall" not in line and "sshd" not in line] == [
        "prepare-host: nothing changed",
        "prepare-host: ready",
    ]
    assert host.root(f"{RUN} --check") == "prepare-host: nothing would change\n"


def test_a_check_shows_each_difference_and_touches_nothing(host: Prepared) -> None:
    bring(host)
    host.root(
        "sed -i s/930s/30s/ /etc/nginx/conf.d/app.conf; chmod 0600 /usr/local/lib/app/probe; rm /etc/logrotate.d/app;"
        "gpasswd -d deploy adm; systemctl disable --quiet app-cool.timer"
    )
    before = host.root(STATE)
    said = host.root(f"{RUN} --check || echo status $?")
    assert host.root(STATE) == before
    for expected in (
        "would change: /etc/nginx/conf.d/app.conf\n",
        "--- a/etc/nginx/conf.d/app.conf\n+++ b/etc/nginx/conf.d/app.conf\n",
        "-    keepalive_timeout 30s;\n+    keepalive_timeout 930s;\n",
        "would change: /usr/local/lib/app/probe\n    0600 root:root, and it should be 0755 root:root\n",
        "would change: /etc/logrotate.d/app\n",
        "would change: user deploy in group adm\n",
        "would change: app-cool.timer enabled\n",
        "5 things would change, and nothing was\nstatus 1\n",
    ):
        assert expected in said
    assert "prepare-host: ready" in host.root(RUN)
    assert host.root(f"{RUN} --check") == "prepare-host: nothing would change\n"


def test_one_rename_moves_all_ten_and_a_tenth_can_be_moved_alone(host: Prepared) -> None:
    assert versions(host, 20) == {"1.0.0": 20}
    host.point("s3", "green")
    # two workers take turns, each from where the shared zone stands
    assert versions(host, 40) == {"1.0.0": 36, "2.0.0": 4}
    host.point("s3", "current")
    host.point("current", "green")
    assert versions(host, 20) == {"2.0.0": 20}
    lines = [json.loads(line) for line in host.root("cat /var/log/nginx/release.log").splitlines()]
    assert len(lines) == 80
    assert {line["upstream"] for line in lines} == {f"unix:/run/app/s{number}.sock" for number in range(10)}
    assert {line["release"] for line in lines if line["upstream"] == "unix:/run/app/s3.sock"} == {"1.0.0", "2.0.0"}


def test_a_request_without_upgrade_is_asked_with_connection_close(host: Prepared) -> None:
    assert host.request("/", Connection="keep-alive")[1] == "close"
    assert host.request("/", Accept="text/event-stream")[1] == "close"


def test_a_websocket_passes_stays_on_its_release_and_is_counted(host: Prepared) -> None:
    with host.connect() as socket:
        socket.sendall(b"GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        assert socket.recv(1000).startswith(b"HTTP/1.1 101 ")
        socket.sendall(b"one")
        assert socket.recv(100) == b"1.0.0 one"
        host.point("current", "green")
        socket.sendall(b"two")
        assert socket.recv(100) == b"1.0.0 two"
        assert host.settles("blue", 1) == 1
    assert host.settles("blue", 0) == 0


def test_an_event_arrives_while_the_stream_goes_on(host: Prepared) -> None:
    with host.connect() as socket:
        socket.sendall(b"GET /events HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\n\r\n")
        said = b""
        while b"data: 1" not in said:
            said += socket.recv(1000)
        assert host.settles("blue", 1) == 1


def test_waiting_requests_are_counted_for_their_own_colour_also_while_it_drains(host: Prepared) -> None:
    assert (host.in_flight("blue"), host.in_flight("green")) == (0, 0)
    sockets = [host.connect() for _ in range(3)]
    for socket in sockets:
        socket.sendall(b"GET /wait/20 HTTP/1.1\r\nHost: h\r\n\r\n")
    assert host.settles("blue", 3) == 3
    assert host.in_flight("green") == 0
    host.root("systemctl stop --no-block app@blue.service")
    time.sleep(0.3)
    assert host.in_flight("blue") == 3
    for socket in sockets:
        socket.close()


def test_what_waits_to_be_accepted_is_counted(host: Prepared) -> None:
    host.root("systemctl kill --signal=STOP app@blue.service")
    socket = host.connect()
    socket.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert host.settles("blue", 1) == 1
    host.root("systemctl kill --signal=CONT app@blue.service")
    assert host.settles("blue", 0) == 0
    socket.close()


@pytest.mark.parametrize(
    "command", ["in-flight red", "in-flight 'blue green'", "credentials use red", "cool", "relink"]
)
def test_the_releaser_may_run_the_tools_in_their_exact_forms_alone(host: Prepared, command: str) -> None:
    done = host.deploy(f"sudo -n /usr/local/lib/app/{command}")
    assert done.returncode == 1
    assert "password is required" in done.stderr


def test_an_upload_passes_whole(host: Prepared) -> None:
    body = b"x" * 3_000_000
    with host.connect() as socket:
        socket.sendall(f"POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        socket.sendall(body)
        said = b""
        while b"3000000" not in said:
            said += socket.recv(1000)


def line(name: str, value: bytes) -> str:
    return f"{name} {base64.b64encode(value).decode()}\n"


TOOL = "sudo -n /usr/local/lib/app/credentials"


def start(host: Prepared, colour: str) -> None:
    assert host.deploy(f"{TOOL} use {colour}").returncode == 0
    host.root(f"systemctl restart app@{colour}.service; until [ -S /run/app/{colour}.sock ]; do sleep 0.02; done")


def test_credentials_reach_their_release_and_nobody_else(host: Prepared) -> None:
    secret = b"first-secret-1\nsecond line of it"
    put = host.deploy(f"{TOOL} put", "2.0.0\n" + line("SESSION_KEY", secret) + line("OTHER", b"o"))
    assert (put.returncode, put.stdout, put.stderr) == (0, "", "")
    start(host, "green")
    start(host, "blue")
    assert host.deploy(f"{TOOL} names green").stdout == "OTHER\nSESSION_KEY\n"
    assert host.deploy(f"{TOOL} names blue").stdout == ""
    modes = host.root("stat -Lc '%a %U' /etc/app/credentials /etc/app/credentials/green /etc/app/credentials/green/*")
    assert modes.split("\n") == ["700 root", "700 root", "600 root", "600 root", ""]
    host.point("current", "green")
    assert host.request("/credential/SESSION_KEY")[1].encode() == secret
    assert host.request("/credential/OTHER")[1] == "o"
    host.point("current", "blue")
    assert host.request("/credential/SESSION_KEY")[1] == "FileNotFoundError"
    told = host.deploy("sudo -n /usr/local/lib/app/env-redact", "a first-secret-1 b\nsecond line of it\n")
    assert told.stdout == "a [secret] b\n[secret]\n"


def test_a_release_that_asks_for_none_gets_none_and_its_predecessor_gets_its_own_back(host: Prepared) -> None:
    assert host.deploy(f"{TOOL} put", "2.0.0\n" + line("KEY", b"two")).returncode == 0
    host.point("current", "green")
    start(host, "green")
    assert host.request("/credential/KEY")[1] == "two"
    host.deploy("ln -sfn ../releases/1.0.0 /srv/app/slots/green")
    start(host, "green")
    assert host.request("/credential/KEY")[1] == "FileNotFoundError"
    host.deploy("ln -sfn ../releases/2.0.0 /srv/app/slots/green")
    start(host, "green")
    assert host.request("/credential/KEY")[1] == "two"


def test_a_set_is_replaced_as_a_whole_and_a_bad_one_changes_nothing(host: Prepared) -> None:
    assert host.deploy(f"{TOOL} put", "1.0.0\n" + line("A", b"one") + line("B", b"two")).returncode == 0
    assert host.deploy(f"{TOOL} put", "1.0.0\n" + line("B", b"three")).returncode == 0
    start(host, "blue")
    for bad in [
        "",
        "B\n",
        "B !!!\n",
        "../B eA==\n",
        "B eA== more\n",
        "B eA==\nB eQ==\n",
        "B eA==",
        "C eA==\n.h eA==\n",
    ]:
        refused = host.deploy(f"{TOOL} put", f"1.0.0\n{bad}")
        assert refused.returncode == 65, bad
        assert "nothing was changed" in refused.stderr
        start(host, "blue")
        assert host.request("/credential/B")[1] == "three"
        assert host.request("/credential/A")[1] == "FileNotFoundError"
    assert host.deploy(f"{TOOL} put", "../x\nB eA==\n").returncode == 65
    assert len(host.root("ls -d /etc/app/credentials/set.1.0.0.*").split()) == 1


def test_credentials_go_with_their_release(host: Prepared) -> None:
    assert host.deploy(f"{TOOL} put", "3.0.0\n" + line("KEY", b"old")).returncode == 0
    assert "of.3.0.0" in host.root("ls /etc/app/credentials")
    start(host, "blue")
    assert "3.0.0" not in host.root("ls /etc/app/credentials")


def test_maintenance_answers_all_but_the_host_itself(host: Prepared) -> None:
    host.deploy(
        "echo '<p>back soon' >/srv/app/maintenance.html.new; mv /srv/app/maintenance.html.new /srv/app/maintenance.html"
    )
    for method in ("GET", "POST", "DELETE"):
        status, body, fields = host.request("/any?x=1", method)
        assert (status, body) == (503, "<p>back soon\n"), method
        assert fields["Content-Type"] == "text/html; charset=utf-8"
        assert (fields["Retry-After"], fields["X-Maintenance"], fields["Cache-Control"]) == ("120", "on", "no-store")
    assert host.request("/events", Accept="text/event-stream")[0] == 503
    assert host.request("/.maintenance")[0] == 404
    assert host.deploy("/usr/local/lib/app/probe /healthz").stdout == "200 1.0.0\n"
    assert host.request("/", source=host.address)[0] == 200
    host.deploy("rm /srv/app/maintenance.html")
    assert host.request("/any")[0] == 200
    assert host.request("/.maintenance")[0] == 404


def test_a_colour_is_stopped_once_its_time_is_over(host: Prepared) -> None:
    active = "systemctl is-active app@green.service || true"
    host.deploy("touch /run/launch/step /run/launch/lock; echo 'green 99999999' >/run/launch/cool")
    host.root("/usr/local/lib/app/cool")
    assert host.root(active) == "active\n"
    assert host.deploy("cat /run/launch/cool").stdout == "green 99999999\n"
    host.deploy("echo 'green 1' >/run/launch/cool")
    assert "stopped green" in host.root("/usr/local/lib/app/cool")
    host.root("until ! systemctl is-active -q app@green.service; do sleep 0.05; done; ! test -e /run/launch/cool")


def test_no_colour_with_traffic_is_stopped_nor_one_while_somebody_releases(host: Prepared) -> None:
    host.deploy("touch /run/launch/step /run/launch/lock; echo 'blue 1' >/run/launch/cool")
    host.root("/usr/local/lib/app/cool; ! test -e /run/launch/cool")
    host.point("s9", "green")
    host.deploy("echo 'green 1' >/run/launch/cool")
    host.root("/usr/local/lib/app/cool; ! test -e /run/launch/cool")
    host.point("s9", "current")
    host.deploy("echo 'green 1' >/run/launch/cool")
    host.root("exec 9>>/run/launch/lock; flock -n 9; /usr/local/lib/app/cool; test -e /run/launch/cool")
    host.root("exec 9<>/run/launch/step; flock -n 9; /usr/local/lib/app/cool; test -e /run/launch/cool")
    assert host.root("systemctl is-active app@blue.service app@green.service") == "active\nactive\n"


def test_the_timer_runs_and_says_nothing_of_it(host: Prepared) -> None:
    assert host.root("systemctl is-active app-cool.timer") == "active\n"
    host.root("systemctl start app-cool.service")
    assert "app-cool.service" not in host.root("journalctl -u app-cool.service --output cat | cat")
