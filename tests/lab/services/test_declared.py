"""What is declared takes effect, in a whole lab: load balancing over real hosts, one of them stopped, and Access."""

from __future__ import annotations

import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import dns.message
import dns.query
import pytest
import urllib3
from cloudflare import Cloudflare

from lab import api
from lab.hosts import power
from lab.hosts.inside import shell
from lab.place import ACCOUNT_ID, Place, here

NET = (here().net + 76) % 254 + 1
NAME = "app.community.test"
# What a host answers without a release: here it has the host's own name.
PATH = "/.well-known/mta-sts.txt"


def quiet(_line: str) -> None:
    """Say nothing."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A lab with two app hosts, each of which says its name."""
    folder = tmp_path_factory.mktemp("checkout")
    here().cache.mkdir(exist_ok=True)
    (folder / ".cache").symlink_to(here().cache.resolve())
    made = Place(folder, NET)
    api.up(made, 2, quiet)
    for host in ("app-1", "app-2"):
        assert shell(made, host, ["tee", "/etc/app/mta-sts.txt"], host).returncode == 0
    yield made
    api.down(made, quiet)


@pytest.fixture(scope="module")
def client(place: Place) -> Any:
    known = api.status(place)["cloudflare"]
    return Cloudflare(api_token=known["token"], base_url=known["base_url"], max_retries=0)


@pytest.fixture(scope="module")
def zone(client: Any) -> str:
    """The id of the zone, encrypted to the hosts as it is to be."""
    made = client.zones.create(account={"id": ACCOUNT_ID}, name="community.test").id
    for setting in ("ssl", "always_use_https"):
        client.zones.settings.edit(setting, zone_id=made, value="strict" if setting == "ssl" else "on")
    return str(made)


@pytest.fixture(scope="module")
def pool(place: Place, client: Any, zone: str) -> str:
    """The id of the pool of a load balancer whose monitor asks as often as Cloudflare lets it."""
    monitor = client.load_balancers.monitors.create(
        account_id=ACCOUNT_ID,
        type="https",
        path=PATH,
        expected_codes="200",
        header={"Host": [NAME]},
        probe_zone="community.test",
        interval=5,
        timeout=2,
        retries=0,
        consecutive_down=1,
        consecutive_up=1,
    )
    origins = [{"name": f"app-{number}", "address": place.host(number)} for number in (1, 2)]
    made = client.load_balancers.pools.create(
        account_id=ACCOUNT_ID, name="hosts", origins=origins, monitor=monitor.id, minimum_origins=1
    )
    client.load_balancers.create(
        zone_id=zone, name=NAME, default_pools=[made.id], fallback_pool=made.id, proxied=True, steering_policy="off"
    )
    return str(made.id)


Visit = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def visit(place: Place) -> Iterator[Visit]:
    """Ask the load-balanced name where DNS says that it is."""
    edge, _, port = place.edge
    context = ssl.create_default_context(cafile=api.status(place)["edge"]["ca_file"])
    with urllib3.HTTPSConnectionPool(
        edge, port, ssl_context=context, server_hostname=NAME, assert_hostname=NAME, retries=False, timeout=10
    ) as asked:

        def once(**headers: str) -> tuple[int, str]:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            answer = asked.request("GET", PATH, headers={"Host": NAME, **named}, redirect=False)
            return answer.status, answer.data.decode()

        yield once


def until(holds: Callable[[], object], seconds: float) -> float:
    """The seconds until it holds."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds
        time.sleep(0.05)
    return time.monotonic() - began


def healthy(client: Any, pool: str) -> dict[str, bool]:
    found = client.load_balancers.pools.health.get(pool, account_id=ACCOUNT_ID).to_dict()["pop_health"]
    return {address: seen["healthy"] for each in found["LAB"]["origins"] for address, seen in each.items()}


def test_a_host_that_is_stopped_gets_no_request_until_it_is_back(
    place: Place, client: Any, pool: str, visit: Visit
) -> None:
    first, second = place.host(1), place.host(2)
    query = dns.message.make_query(NAME, "A")
    until(lambda: dns.query.udp(query, place.dns[0], timeout=2).answer, 5)
    [answer] = dns.query.udp(query, place.dns[0], timeout=2).answer
    assert [str(address) for address in answer] == [place.edge[0]]
    until(lambda: visit()[0] == 200, 5)
    assert Counter(visit() for _ in range(60)).keys() == {(200, "app-1"), (200, "app-2")}
    assert healthy(client, pool) == {first: True, second: True}

    power.power_cut(place, "app-1")
    # Nobody knows yet, and no request is lost: each that meets the dead host is tried once more.
    assert {visit() for _ in range(60)} == {(200, "app-2")}
    until(lambda: healthy(client, pool) == {first: False, second: True}, 12)
    assert {visit() for _ in range(60)} == {(200, "app-2")}

    power.power_cut(place, "app-2")
    until(lambda: healthy(client, pool) == {first: False, second: False}, 12)
    # The fallback pool takes all the same, and says what is wrong with its hosts.
    assert visit() == (521, "error code: 521\n")
    client.load_balancers.pools.edit(pool, account_id=ACCOUNT_ID, enabled=False)
    until(lambda: visit() == (530, "error code: 1016\n"), 2)
    client.load_balancers.pools.edit(pool, account_id=ACCOUNT_ID, enabled=True)
    until(lambda: visit() == (521, "error code: 521\n"), 2)

    for host in ("app-1", "app-2"):
        power.start(place, host)
    until(lambda: healthy(client, pool) == {first: True, second: True}, 12)
    assert Counter(visit() for _ in range(60)).keys() == {(200, "app-1"), (200, "app-2")}


def test_access_lets_in_the_token_that_the_api_made_and_nobody_else(client: Any, pool: str, visit: Visit) -> None:
    until(lambda: visit()[0] == 200, 12)
    access, account = client.zero_trust.access, {"account_id": ACCOUNT_ID}
    token = access.service_tokens.create(**account, name="release-check", duration="24h")
    include = [{"service_token": {"token_id": token.id}}]
    policy = access.policies.create(**account, name="programs", decision="non_identity", include=include)
    app = access.applications.create(
        **account, type="self_hosted", name="all", domain=NAME, policies=[{"id": policy.id, "precedence": 1}]
    )
    own = {"CF_Access_Client_Id": token.client_id, "CF_Access_Client_Secret": token.client_secret}
    until(lambda: visit()[0] == 403, 2)
    assert visit(**own)[0] == 200
    assert visit(**{**own, "CF_Access_Client_Secret": "0" * 64})[0] == 403
    access.applications.delete(app.id, **account)
    until(lambda: visit()[0] == 200, 2)
