"""The hosts' firewall in network namespaces of its own: what is let in, seen by real connections."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.hosts import api, container, disk, inotify, power, processes, tree
from lab.hosts.container import program_argv, shell_argv
from lab.hosts.host import Host, machines, named
from lab.place import Place, here

pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root")]

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"

# Ours is the host; "world" is another namespace with a Cloudflare address, another one, and IPv6 of both kinds.
_STAGE = """
set -eu
mkdir -p /run/sshd /run/etc
cp -a /etc/. /run/etc/
mount --bind /run/etc /etc
echo "Port 2222" >/etc/ssh/sshd_config.d/port.conf
mkdir -p /etc/nginx/snippets /etc/app/firewall.d
printf 'listen 443 ssl default_server;\\nserver_name _;\\n' >/etc/nginx/snippets/app-listen.conf
cp /run/t/cloudflare-ranges /etc/app/cloudflare-ranges
unshare --net sleep 300 &
world=$!
sleep 0.3
trap 'kill $world' EXIT
ip link set lo up
ip link add host type veth peer name world netns $world
ip addr add 203.0.113.1/24 dev host
ip -6 addr add 2001:db8::1/64 dev host nodad
ip link set host up
in_world() { nsenter --net=/proc/$world/ns/net "$@"; }
in_world ip link set lo up
for address in 173.245.48.9/32 198.51.100.9/32 203.0.113.2/24; do
    in_world ip addr add $address dev world
done
for address in 2400:cb00::9/128 2001:db8:bad::9/128 2001:db8::2/64; do
    in_world ip -6 addr add $address dev world nodad
done
in_world ip link set world up
for route in 173.245.48.9 198.51.100.9; do ip route add $route via 203.0.113.2; done
for route in 2400:cb00::9 2001:db8:bad::9; do ip -6 route add $route via 2001:db8::2; done
for port in 443 2222 8080; do
    python3 -m http.server --bind :: $port --directory /run/t >/dev/null 2>&1 &
    servers="${servers-} $!"
done
trap 'kill $world $servers' EXIT
try() {
    code=$(in_world curl --silent --interface "$1" --connect-timeout 1 --output /dev/null \\
        --write-out '%{http_code}' "http://$2/" || true)
    echo "$1 $2 $code"
}
for wait in 1 2 3 4 5 6 7 8 9 10; do curl -s -o /dev/null http://127.0.0.1:8080/ && break || sleep 0.3; done
"""

_PLAIN = """
/run/t/firewall print >/run/rules && nft --check --file /run/rules && echo checked
try 198.51.100.9 203.0.113.1:443
/run/t/firewall load
/run/t/firewall load
for from in 173.245.48.9 198.51.100.9; do for port in 443 2222 8080; do try $from 203.0.113.1:$port; done; done
for from in 2400:cb00::9 2001:db8:bad::9; do try $from "[2001:db8::1]:443"; done
echo "loopback $(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/)"
echo 'tcp dport 8080 ip saddr 198.51.100.0/24 accept' >/etc/app/firewall.d/own.nft
/run/t/firewall load
try 198.51.100.9 203.0.113.1:8080
echo 0.0.0.0/33 >>/etc/app/cloudflare-ranges
/run/t/firewall load 2>/dev/null || echo "bad ranges refused"
try 173.245.48.9 203.0.113.1:443
try 198.51.100.9 203.0.113.1:443
echo done
"""


def firewall() -> str:
    """The script as prepare-host would write it."""
    text = (SCRIPTS / "prepare-host").read_text()
    return text.partition("put /usr/local/lib/app/firewall 0755 <<'EOF'\n")[2].partition("\nEOF\n")[0] + "\n"


def test_cloudflare_comes_to_443_everybody_to_ssh_and_nobody_anywhere_else(tmp_path: Path) -> None:
    tree = api.ensure_tree(here(), lambda _line: None)
    (tmp_path / "cloudflare-ranges").write_text((SCRIPTS / "cloudflare-ranges").read_text())
    (tmp_path / "firewall").write_text(firewall())
    (tmp_path / "firewall").chmod(0o755)
    (tmp_path / "stage.sh").write_text(_STAGE + _PLAIN)
    argv = ["unshare", "--net", "--", *program_argv(tree, ["sh", "/run/t/stage.sh"], {tmp_path: "/run/t"})]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=90)
    assert done.stdout.splitlines() == [
        "checked",
        "198.51.100.9 203.0.113.1:443 200",
        "173.245.48.9 203.0.113.1:443 200",
        "173.245.48.9 203.0.113.1:2222 200",
        "173.245.48.9 203.0.113.1:8080 000",
        "198.51.100.9 203.0.113.1:443 000",
        "198.51.100.9 203.0.113.1:2222 200",
        "198.51.100.9 203.0.113.1:8080 000",
        "2400:cb00::9 [2001:db8::1]:443 200",
        "2001:db8:bad::9 [2001:db8::1]:443 000",
        "loopback 200",
        "198.51.100.9 203.0.113.1:8080 200",
        "bad ranges refused",
        "173.245.48.9 203.0.113.1:443 200",
        "198.51.100.9 203.0.113.1:443 000",
        "done",
    ], done.stderr


def inside(host: Host, script: str) -> subprocess.CompletedProcess[str]:
    """As root in a host that has a network of its own, on that network."""
    leader = processes.leader(processes.scan(machines(host.place)).get(host.machine, []))
    assert leader is not None
    argv = ["nsenter", f"--target={leader.pid}", "--net", "--", *shell_argv(leader.pid, ["sh", "-c", script])]
    return subprocess.run(argv, capture_output=True, text=True, timeout=120)


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A host with a network namespace of its own, where nothing says that the firewall must not be loaded."""
    (tmp_path / ".cache").symlink_to(here().cache.resolve())
    place = Place(tmp_path, (here().net + 200) % 254 + 1)
    host = named(place, "app-1")
    shared = container.nspawn_argv
    monkeypatch.setattr(container, "nspawn_argv", lambda host: [*shared(host)[:-1], "--private-network", "--boot"])
    tree.ensure_tree(place, lambda _line: None)
    inotify.make_room(1)
    try:
        disk.attach(host, tree.layers(place), None)
        (host.root / "etc/app/firewall.off").unlink()
        power._launch(host)
        deadline = time.monotonic() + 30
        while not processes.leader(processes.scan(machines(place)).get(host.machine, [])):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        while "running" not in inside(host, "systemctl is-system-running --wait").stdout:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield host
    finally:
        api.halt(place)


def test_the_unit_loads_it_and_a_second_run_of_prepare_host_changes_nothing(alone: Host) -> None:
    mine = "readlink /proc/self/ns/net"
    assert inside(alone, mine).stdout != subprocess.run(["sh", "-c", mine], capture_output=True, text=True).stdout
    for name in ("prepare-host", "rollback-here", "cloudflare-ranges"):
        (alone.root / "root" / name).write_text((SCRIPTS / name).read_text())
    first = inside(alone, "sh /root/prepare-host")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "changed: app-firewall.service enabled" in first.stdout
    assert "changed: app-firewall.service running" in first.stdout
    assert "tcp dport 2222 accept" in inside(alone, "nft list table inet app").stdout
    inside(alone, "python3 -m http.server --bind 0.0.0.0 8080 >/dev/null 2>&1 & sleep 1")
    again = inside(alone, "sh /root/prepare-host").stdout
    assert "prepare-host: nothing changed\n" in again
    assert "the firewall lets nobody come to tcp port 8080: if somebody has to" in again
    assert "firewall loaded" in inside(alone, "/usr/local/lib/app/audit").stdout
    assert inside(alone, "systemctl stop app-firewall.service; nft list ruleset").stdout == ""
    assert "firewall missing" in inside(alone, "/usr/local/lib/app/audit").stdout
