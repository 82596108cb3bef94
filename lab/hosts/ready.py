"""Whether a host answers, asked as its clients will: over its address."""

from __future__ import annotations

import socket
import ssl
import subprocess

from lab.hosts import identity, processes
from lab.hosts.container import shell_argv
from lab.hosts.host import DATABASE_NAME, DATABASE_PORT, DATABASE_USER, Host
from lab.hosts.processes import Process
from lab.place import HTTPS_PORT, SSH_PORT

# A host that is up answers in a few milliseconds; on a busy machine it may take its time.
_SECONDS = 2.0

# \gexec runs what the query gives: PostgreSQL has no CREATE DATABASE IF NOT EXISTS.
_SQL = """
SELECT 'CREATE ROLE {user} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{user}') \\gexec
ALTER ROLE {user} PASSWORD '{password}';
SELECT 'CREATE DATABASE {name} OWNER {user}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{name}') \\gexec
"""


def answers(host: Host, members: list[Process]) -> bool:
    """Whether sshd, and nginx or PostgreSQL, take connections; the app's role and database are made if need be."""
    leader = processes.leader(members)
    if leader is None or not _speaks_ssh(host):
        return False
    return _speaks_tls(host) if host.role == "app" else _has_database(host, leader)


def certificate_of(host: Host) -> bytes:
    """The certificate that nginx serves now (DER). Raises :class:`OSError` if it does not answer."""
    # Which certificate it is, is the question: a bad one is to be seen, not refused.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((host.address, HTTPS_PORT), _SECONDS) as connection,
        context.wrap_socket(connection, server_hostname=host.name) as tls,
    ):
        return tls.getpeercert(binary_form=True) or b""


def _speaks_ssh(host: Host) -> bool:
    try:
        with socket.create_connection((host.address, SSH_PORT), _SECONDS) as connection:
            return connection.recv(8).startswith(b"SSH-2.0")
    except OSError:
        return False


def _speaks_tls(host: Host) -> bool:
    try:
        return bool(certificate_of(host))
    except OSError:
        return False


def _has_database(host: Host, leader: Process) -> bool:
    try:
        socket.create_connection((host.address, DATABASE_PORT), _SECONDS).close()
    except OSError:
        return False
    # On standard input: arguments are seen by every process of the machine.
    sql = _SQL.format(user=DATABASE_USER, name=DATABASE_NAME, password=identity.database_password(host.place))
    psql = ["runuser", "-u", "postgres", "--", "psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1"]
    argv = shell_argv(leader.pid, psql)
    return subprocess.run(argv, input=sql, capture_output=True, text=True, check=False).returncode == 0
