"""hosts.prepare, hosts.audit, status, logs and maintenance on a real host, over SSH."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.ssh import SshShell
from core.errors import HostError
from core.settings.hosts import Host
from deploy.hosts import logs, maintenance
from deploy.hosts.audit import Check, audit
from deploy.hosts.prepare import Names, Prepared, bundle, prepare
from deploy.hosts.ranges import ranges
from deploy.hosts.status import HostStatus, problems, status
from deploy.journal import MAINTENANCE, aside
from deploy.layout import Layout
from lab.hosts import api
from lab.place import Place, here
from tests.lab.hosts import prepared

pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="hosts need root")]

NAME = prepared.NAME
SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
ADMINS = """
getent passwd admin >/dev/null || useradd --create-home --shell /bin/sh admin
install -d -m 0700 -o admin /home/admin/.ssh
install -m 0600 -o admin ~deploy/.ssh/authorized_keys /home/admin/.ssh/
echo 'admin ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/admin
"""


@pytest.fixture(scope="module")
def _host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[prepared.Prepared]:
    root = tmp_path_factory.mktemp("operations")
    (root / ".cache").symlink_to(here().cache.resolve())
    place = Place(root, (here().net + 190) % 254 + 1)
    api.boot(place, [NAME], lambda _line: None)
    made = prepared.Prepared(place)
    try:
        made.root(ADMINS)
        run(made, "root")
        yield made
    finally:
        api.halt(place)


@pytest.fixture
def host(_host: prepared.Prepared) -> prepared.Prepared:
    """Blue (1.0.0) live, green (2.0.0) warm."""
    _host.root("rm -f /srv/app/maintenance.html /srv/app/journal.jsonl /run/launch/*; : >/var/log/nginx/release.log")
    _host.install()
    return _host


def shells(host: prepared.Prepared, user: str = "deploy") -> dict[str, SshShell]:
    entry = {**api.inventory(host.place, [NAME])[0], "user": user}
    return {NAME: SshShell(Host.model_validate(entry))}


def run(host: prepared.Prepared, user: str, *, check: bool = False) -> Prepared:
    committed = ranges((SCRIPTS / "cloudflare-ranges").read_text().splitlines(), "committed")
    names = Names("443", ("community.test",))
    reached = shells(host, user)
    try:
        return prepare(reached, Layout(), bundle(SCRIPTS, committed), names, check=check).or_raise()[NAME]
    finally:
        reached[NAME].close()


def judged(host: prepared.Prepared) -> dict[str, Check]:
    reached = shells(host)
    try:
        return {check.id: check for check in audit(reached, Layout(), datetime.now(UTC)).or_raise()[NAME]}
    finally:
        reached[NAME].close()


def looked(host: prepared.Prepared) -> HostStatus:
    reached = shells(host)
    try:
        return status(reached, Layout()).or_raise()[NAME]
    finally:
        reached[NAME].close()


@pytest.mark.parametrize("user", ["root", "admin"])
def test_what_is_lost_is_put_back_and_then_nothing_changes(host: prepared.Prepared, user: str) -> None:
    listen = host.root("cat /etc/nginx/snippets/app-listen.conf")
    host.root(
        "rm -r /usr/local/lib/app /usr/local/bin/rollback-here /etc/sudoers.d/app /etc/nginx/conf.d/app.conf"
        " /etc/systemd/system/app@.service; gpasswd -d deploy systemd-journal; systemctl stop app-cool.timer"
    )
    before = run(host, user, check=True)
    assert before.changed
    assert "+++ b/etc/sudoers.d/app" in before.lines
    assert host.root("ls /usr/local/lib") == "python3.11\n" or "app" not in host.root("ls /usr/local/lib").split()
    done = run(host, user)
    assert done.changed
    assert "changed: /etc/sudoers.d/app" in done.lines
    assert host.request("/")[0] == 200
    assert not run(host, user).changed
    assert not run(host, user, check=True).changed
    assert host.root("cat /etc/nginx/snippets/app-listen.conf") == listen
    assert [check for check in judged(host).values() if check.verdict == "bad"] == []


def test_a_user_that_may_not_become_root_is_told_so(host: prepared.Prepared) -> None:
    with pytest.raises(HostError, match=r"app-1 could not be prepared: .*deploy is not root, and may not become it"):
        run(host, "deploy")


def test_a_script_that_fails_there_is_told_in_its_own_words(host: prepared.Prepared) -> None:
    host.root("printf 'nonsense\\n' >/etc/nginx/conf.d/broken.conf; rm /etc/nginx/conf.d/app.conf")
    try:
        with pytest.raises(HostError, match=r"app-1 could not be prepared: .*broken\.conf"):
            run(host, "root")
        assert host.request("/")[0] == 200
    finally:
        host.root("rm /etc/nginx/conf.d/broken.conf")
        run(host, "root")


@pytest.mark.parametrize(
    ("damage", "repair", "bad"),
    [
        ("chmod 0644 /etc/app/env", "chmod 0600 /etc/app/env", "files.modes"),
        (
            "echo 'deploy ALL=(root) NOPASSWD: /usr/bin/systemctl' >/etc/sudoers.d/more",
            "rm /etc/sudoers.d/more",
            "sudo.least",
        ),
        (
            "sed -i 's/PasswordAuthentication no/PasswordAuthentication yes/' /etc/ssh/sshd_config.d/00-lab.conf",
            "sed -i 's/PasswordAuthentication yes/PasswordAuthentication no/' /etc/ssh/sshd_config.d/00-lab.conf",
            "sshd.passwords",
        ),
        (
            "ln -sfn green.sock /run/app/s5.sock",
            "ln -sfn current.sock /run/app/s5.sock",
            "slots.right",
        ),
        ("ln -sfn slots/green /srv/app/live", "ln -sfn slots/blue /srv/app/live", "slots.boot"),
        ("echo '#' >>/etc/nginx/conf.d/app.conf", "sed -i '$d' /etc/nginx/conf.d/app.conf", "nginx.ours"),
        (
            "echo '#' >>/etc/systemd/system/app@.service",
            "sed -i '$d' /etc/systemd/system/app@.service",
            "files.ours",
        ),
        ("systemctl stop app-cool.timer", "systemctl start app-cool.timer", "unit.app-cool.timer"),
        ("touch /etc/nginx/conf.d/x.conf", "rm /etc/nginx/conf.d/x.conf", "nginx.alone"),
        ("echo x >/etc/nginx/conf.d/x.conf", "rm /etc/nginx/conf.d/x.conf", "nginx.valid"),
        ("touch /run/reboot-required", "rm /run/reboot-required", "system.reboot"),
        (
            "touch /srv/app/journal.jsonl; chown root: /srv/app/journal.jsonl; chmod 600 /srv/app/journal.jsonl",
            "rm /srv/app/journal.jsonl",
            "journal.writable",
        ),
        ("mv /etc/app/firewall.off /root", "mv /root/firewall.off /etc/app", "firewall.loaded"),
    ],
)
def test_each_check_turns_bad_when_it_is(host: prepared.Prepared, damage: str, repair: str, bad: str) -> None:
    assert judged(host)[bad].verdict != "bad"
    host.root(damage)
    try:
        found = judged(host)[bad]
    finally:
        host.root(repair)
    assert found.verdict == "bad", found
    assert judged(host)[bad].verdict != "bad"


def test_an_audit_changes_nothing_and_runs_as_the_releaser_alone(host: prepared.Prepared) -> None:
    state = "find /etc /srv /usr/local -newer /root/mark | grep -v '\\.lock$' | sort"
    host.root("touch /root/mark")
    before = host.root(state)
    judged(host)
    assert host.root(state) == before


def test_status_tells_a_well_host_from_one_that_is_not(host: prepared.Prepared) -> None:
    host.request("/")
    well = looked(host)
    assert (well.facts.version, well.healthy, well.in_flight) == ("1.0.0", True, {"blue": 0, "green": 0})
    assert well.recent[0] >= 1
    with host.connect() as socket:
        socket.sendall(b"GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        socket.recv(100)
        assert looked(host).in_flight["blue"] == 1
    host.root("systemctl stop app@blue.service")
    for _ in range(25):
        assert host.request("/")[0] == 502
    ill = looked(host)
    assert not ill.healthy
    assert ill.failing
    reached = shells(host)
    found = problems(status(reached, Layout()), "prod")
    reached[NAME].close()
    assert found[0].command == "invoke rollback --stack prod"
    # once it was switched from, what it answered is no reason to go back once more
    time.sleep(1.1)
    host.root(
        "systemctl start app@blue.service; ln -sfn blue.sock /run/app/new && mv -T /run/app/new /run/app/current.sock"
    )
    assert looked(host).recent[1] == 0


def test_the_maintenance_page_is_no_5xx_of_the_release(host: prepared.Prepared) -> None:
    reached = shells(host)

    def switch(shown: bytes | None) -> dict[str, bool]:
        line = aside("ann@desk", datetime.now(UTC), MAINTENANCE, "on" if shown else "off")
        return maintenance.switch(reached, Layout(), shown, line)

    assert switch(maintenance.page(None)) == {NAME: True}
    for _ in range(25):
        status_code, body, _fields = host.request("/")
        assert (status_code, "<h1>" in body) == (503, True)
    now = looked(host)
    assert (now.healthy, now.failing, now.facts.maintenance) == (True, False, True)
    assert switch(None) == {NAME: True}
    assert host.request("/")[0] == 200
    host.root("rm /srv/app/journal.jsonl; mkdir /srv/app/journal.jsonl")
    assert switch(None) == {NAME: False}
    host.root("rmdir /srv/app/journal.jsonl")
    reached[NAME].close()


def test_logs_come_without_secrets_and_go_on_from_where_they_were(host: prepared.Prepared) -> None:
    host.root("sed -i '2i echo started with secret-of-env-1 token=abcdef1' /srv/app/releases/1.0.0/.launch/run")
    host.root("grep -q SECRET /etc/app/env || echo SECRET=secret-of-env-1 >>/etc/app/env")
    host.root("systemctl restart app@blue.service; until [ -S /run/app/blue.sock ]; do sleep 0.02; done")
    reached = shells(host)
    ask = logs.Wanted("live", 600, 200)
    first = logs.logs(reached, Layout(), ask, {}).or_raise()[NAME]
    text = "\n".join(first.lines)
    assert "started with [secret] token=[secret]" in text
    assert "secret-of-env-1" not in text
    again = logs.logs(reached, Layout(), ask, {NAME: first.cursor}).or_raise()[NAME]
    assert again.lines == ()
    assert again.cursor == first.cursor
    host.root("systemctl restart app@blue.service")
    more = logs.logs(reached, Layout(), ask, {NAME: again.cursor}).or_raise()[NAME]
    assert any("started with" in line for line in more.lines)
    assert logs.logs(reached, Layout(), logs.Wanted("green", 600, 1), {}).or_raise()[NAME].lines
    reached[NAME].close()


def test_many_short_scripts_at_once_do_not_cost_the_connection(host: prepared.Prepared) -> None:
    shell = shells(host)[NAME]
    try:
        with ThreadPoolExecutor(24) as pool:
            statuses = list(pool.map(lambda _: shell.run("true", timeout=60).status, range(600)))
    finally:
        shell.close()
    assert statuses == [0] * 600
