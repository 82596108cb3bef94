"""What is put into a host, and the secrets that are made for it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_ssh_private_key, load_ssh_public_key

from core.errors import LabError
from lab.hosts import disk, identity
from lab.hosts.host import named
from lab.place import Place

ROOT = Path(__file__).resolve().parents[3]
PASSWD = "root:x:0:0:root:/root:/bin/bash\ndeploy:x:1000:1001::/home/deploy:/bin/sh\n"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, 84)


def contents(place: Place, name: str) -> dict[str, disk.File]:
    return {file.path: file for file in disk.files(named(place, name), PASSWD)}


def test_an_app_host_listens_on_its_own_address_alone(place: Place) -> None:
    files = contents(place, "app-3")
    assert files["/etc/ssh/sshd_config.d/01-listen.conf"].content == "ListenAddress 127.84.1.3:2222\n"
    listen = files["/etc/nginx/snippets/app-listen.conf"].content
    assert listen.startswith("listen 127.84.1.3:443 ssl default_server;\n")
    assert files["/etc/hostname"].content == "app-3\n"


def test_only_its_owner_reads_what_is_secret(place: Place) -> None:
    files = contents(place, "app-1")
    for path in ("/etc/app/env", "/etc/app/tls/origin.key", "/etc/ssh/ssh_host_ed25519_key"):
        assert (files[path].mode, files[path].owner) == (0o600, "root")
    key = files["/home/deploy/.ssh/authorized_keys"]
    assert (key.mode, key.owner) == (0o600, "deploy")


def test_a_database_host_gets_nothing_of_the_apps(place: Place) -> None:
    assert not [path for path in contents(place, "db") if path.startswith(("/etc/app", "/etc/nginx"))]


def test_every_host_has_the_same_environment_and_an_identity_of_its_own(place: Place) -> None:
    one, two = contents(place, "app-1"), contents(place, "app-2")
    assert one["/etc/app/env"] == two["/etc/app/env"]
    for path in ("/etc/machine-id", "/etc/ssh/ssh_host_ed25519_key", "/etc/app/tls/origin.pem"):
        assert one[path].content != two[path].content
    assert one["/etc/machine-id"] == contents(place, "app-1")["/etc/machine-id"]


def test_the_environment_names_what_the_app_needs(place: Place) -> None:
    pairs = dict(line.split("=", 1) for line in identity.app_environment(place).splitlines())
    password = identity.database_password_file(place).read_text()
    assert pairs["DATABASE_URL"] == f"postgresql://app:{password}@127.84.2.1:5432/community"
    assert pairs["MAIL_RELAY"] == "smtp://127.84.0.5:2525"
    assert pairs["MAIL_FROM"] == "no-reply@community.test"
    assert pairs["SENTRY_DSN"] == "http://key@127.84.0.6:8080/1"
    assert pairs["PUBLIC_URL"] == "https://app.community.test"
    assert len(pairs["SESSION_KEY"]) >= 32


def test_known_hosts_holds_the_keys_that_the_hosts_got(place: Place) -> None:
    hosts = [named(place, name) for name in ("app-1", "db")]
    identity.known_hosts(place, hosts)
    lines = identity.known_hosts_file(place).read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["[127.84.1.1]:2222", "[127.84.2.1]:2222"]
    for line, host in zip(lines, hosts, strict=True):
        private = load_ssh_private_key(identity.host_key(host)[0].encode(), password=None)
        assert load_ssh_public_key(line.split(" ", 1)[1].encode()) == private.public_key()


def test_secrets_are_for_the_owner_alone_and_can_be_forgotten(place: Place) -> None:
    identity.app_environment(place)
    identity.deploy_key(place)
    kept = [identity.identity_file(place), identity.database_password_file(place)]
    assert [path.stat().st_mode & 0o777 for path in kept] == [0o600, 0o600]
    identity.forget(place)
    assert list(place.home.iterdir()) == []


def test_a_tree_without_the_user_is_refused() -> None:
    with pytest.raises(LabError, match="no user deploy"):
        disk.passwd_entry("root:x:0:0:root:/root:/bin/sh\n", "deploy")


def test_an_app_host_serves_the_policy_of_the_stacks_mail(place: Place) -> None:
    assert "/etc/app/mta-sts.txt" not in contents(place, "app-1")
    place.stack_file.parent.mkdir()
    shutil.copy(ROOT / "stacks" / "Pulumi.lab.yaml", place.stack_file)
    policy = contents(place, "app-1")["/etc/app/mta-sts.txt"]
    assert policy.content.startswith("version: STSv1\nmode: enforce\nmx: mail.community.test\n")
    assert policy.mode == 0o644


def test_a_host_answers_nobody_round_the_edge_where_the_edge_has_a_certificate_to_show(tmp_path: Path) -> None:
    shown = tmp_path / "stacks" / "lab" / "origin-pulls.pem"
    shown.parent.mkdir(parents=True)
    shown.write_text("a certificate")
    files = contents(Place(tmp_path, 84), "app-1")
    listen = files["/etc/nginx/snippets/app-listen.conf"].content
    assert "ssl_verify_client optional;" in listen
    assert "if ($remote_addr ~ ^127\\.84\\.(0|100)\\.) {" in listen
    assert "return 403;" in listen
    assert files["/etc/app/tls/origin-pulls.pem"].content == "a certificate"
    assert "/etc/app/tls/origin-pulls.pem" not in contents(Place(tmp_path / "elsewhere", 84), "app-1")
