"""One probe of a health check, or of a load balancer's monitor, as Cloudflare makes them.

Reasons: https://developers.cloudflare.com/health-checks/health-checks-analytics/ (common error codes) and
https://developers.cloudflare.com/load-balancing/troubleshooting/common-error-codes/.
"""

from __future__ import annotations

import asyncio
import errno
import ssl

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from lab.cloudflare.monitoring.internet import Internet, is_loopback
from lab.cloudflare.store import Json

READ_BYTES = 10 * 1024
"""As much of a body is looked through for ``expected_body``."""
MOST_REDIRECTS = 5
NO_ROUTE, NO_CONNECTION, NO_NAME = "No route to host error", "TCP connection failed", "DNS Unknown Host"
HTTP_TIMEOUT, TCP_TIMEOUT = "HTTP timeout occurred", "TCP Timeout"
_AGENT = "Mozilla/5.0 (compatible;Cloudflare-Healthchecks/1.0;+https://www.cloudflare.com/; healthcheck-id: {})"
_TRAFFIC_MANAGER = "https://www.cloudflare.com/traffic-manager/"
_POOL_AGENT = f"Mozilla/5.0 (compatible; Cloudflare-Traffic-Manager/1.0; +{_TRAFFIC_MANAGER}; pool-id: {{}})"
_NAME_MISMATCH = {62, 64}  # X509_V_ERR_HOSTNAME_MISMATCH and _IP_ADDRESS_MISMATCH of OpenSSL


async def probe(check: Json, internet: Internet, tls: ssl.SSLContext | None = None) -> str:
    """Ask as ``check`` (the API's object) says, again at once after a timeout; why it failed, "" if it did not.

    A check with a ``pool`` is of a load balancer's monitor. ``tls`` is how, where it is not as for anybody.
    """
    is_tcp = check["type"] == "TCP"
    for _attempt in range(1 + check["retries"]):
        try:
            async with asyncio.timeout(check["timeout"]):
                return await (_tcp(check, internet) if is_tcp else _http(check, internet, tls))
        except TimeoutError:
            continue
    return TCP_TIMEOUT if is_tcp else HTTP_TIMEOUT


async def _tcp(check: Json, internet: Internet) -> str:
    addresses, _ours = await internet.look_up(check["address"])
    here = [address for address in addresses if is_loopback(address)]
    if not here:
        return NO_ROUTE if addresses else NO_NAME
    try:
        local = (internet.source, 0) if internet.source else None
        _reader, writer = await asyncio.open_connection(here[0], check["tcp_config"]["port"], local_addr=local)
    except OSError:
        return NO_CONNECTION
    writer.close()
    return ""


async def _http(check: Json, internet: Internet, given: ssl.SSLContext | None) -> str:
    config = check["http_config"]
    scheme = check["type"].lower()
    url = URL(f"{scheme}://{check['address']}:{config['port']}{config['path']}", encoded=True)
    headers = _headers(check)
    tls: ssl.SSLContext | bool = False if config["allow_insecure"] else given or internet.tls
    try:
        async with (
            aiohttp.ClientSession(connector=internet.connector(), cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.request(
                config["method"],
                url,
                headers=headers,
                ssl=tls,
                server_hostname=headers["Host"].partition(":")[0] if scheme == "https" else None,
                allow_redirects=config["follow_redirects"],
                max_redirects=MOST_REDIRECTS,
                timeout=aiohttp.ClientTimeout(total=None),
            ) as answer,
        ):
            return await _judged(answer, config)
    except aiohttp.ClientError as error:
        return reason_of(error)


def _headers(check: Json) -> CIMultiDict[str]:
    """What is sent. ``User-Agent`` cannot be overridden, as Cloudflare has it."""
    given = CIMultiDict((name, value) for name, values in check["http_config"]["header"].items() for value in values)
    given.setdefault("Host", check["address"])
    given.popall("User-Agent", None)
    given["User-Agent"] = _POOL_AGENT.format(check["pool"]) if "pool" in check else _AGENT.format(check["id"])
    return given


async def _judged(answer: aiohttp.ClientResponse, config: Json) -> str:
    if not any(_fits(answer.status, code) for code in config["expected_codes"]):
        return "Response code mismatch error"
    wanted = config["expected_body"].lower()
    if not wanted:
        return ""
    body = bytearray()
    while len(body) < READ_BYTES and (piece := await answer.content.read(READ_BYTES - len(body))):
        body += piece
    return "" if wanted in body.decode("utf-8", "replace").lower() else "Response body mismatch error"


def _fits(status: int, code: str) -> bool:
    return str(status) == code or (code.lower().endswith("xx") and str(status)[:1] == code[:1])


def reason_of(error: aiohttp.ClientError) -> str:
    """What Cloudflare calls it."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            wrong = getattr(error.certificate_error, "verify_code", 0) in _NAME_MISMATCH
            return "TLS name mismatch error" if wrong else "TLS untrusted certificate error"
        case aiohttp.ClientConnectorSSLError():
            return "TLS protocol error"
        case aiohttp.ClientConnectorError(os_error=OSError(errno=errno.EHOSTUNREACH)):
            return NO_ROUTE
        case aiohttp.ClientConnectorDNSError():
            return NO_NAME
        case aiohttp.ClientConnectorError():
            return NO_CONNECTION
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError():
            return "Connection Reset by Peer"
        case aiohttp.TooManyRedirects():
            return "Response code mismatch error"
        case _:
            return "HTTP Invalid Response"
