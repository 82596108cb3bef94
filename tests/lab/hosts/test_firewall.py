"""The hosts' firewall in network namespaces of its own: what is let in, seen by real connections."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from lab.hosts import api
from lab.hosts.container import program_argv
from lab.place import here

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
