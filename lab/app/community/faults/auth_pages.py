"""Faults of pages that an answer of the API does not show: a browser sees them."""

from __future__ import annotations

from html import escape

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from .seeding import Fault, answer, route

FAULTS = (
    Fault("proof-page-broken", "auth.browser-journey", "auth", "the button of a mail's link leads to no page"),
    Fault("paste-refused", "auth.password-fields", "auth", "a password cannot be pasted"),
    Fault("token-stays", "auth.token-leaves-the-address", "auth", "a used token stays in the address"),
    Fault("token-in-storage", "auth.no-secret-in-web-storage", "auth", "a page keeps its token in localStorage"),
    Fault("third-party-pixel", "auth.no-third-party-on-token-pages", "auth", "token pages load another site's picture"),
    Fault("token-in-referrer", "auth.no-token-in-referrer", "auth", "token pages tell other sites their address"),
    Fault("private-pages-kept", "auth.nothing-left-after-logout", "auth", "browsers keep what only one may see"),
)
_SIGN_UP = """<!doctype html><title>Sign up</title><main><form method="post" action="/signup">
<input name="name" autocomplete="name"><input type="email" name="email" autocomplete="username">
<input type="password" name="password" autocomplete="new-password" onpaste="return false"><button>Sign up</button>
</form></main>"""


@route("proof-page-broken", "/verify")
async def _to_nowhere(request: Request) -> Response:
    return _token_page(request, action="/verify/address")


@route("token-stays", "/verify")
async def _kept_in_address(request: Request) -> Response:
    return _token_page(request, action=f"/verify?{request.url.query}")


@route("token-in-storage", "/verify")
async def _stores(request: Request) -> Response:
    script = "localStorage.setItem('token', document.forms[0].token.value)"
    return _token_page(request, f"<script>{script}</script>", "script-src 'unsafe-inline'")


@route("third-party-pixel", "/verify")
async def _counted(request: Request) -> Response:
    return _token_page(request, '<img src="https://counter.example/pixel.png" alt="">', "img-src https:")


def _token_page(request: Request, more: str = "", policy: str = "base-uri 'none'", action: str = "/verify") -> Response:
    token = escape(request.query_params.get("token", ""))
    field = f'<input type="hidden" name="token" value="{token}">'
    form = f'<form method="post" action="{escape(action)}">{field}<button>This is my address</button></form>'
    headers = {"Content-Security-Policy": f"default-src 'none'; {policy}", "Referrer-Policy": "no-referrer"}
    return HTMLResponse(f"<!doctype html><title>Prove your address</title><main>{form}{more}</main>", headers=headers)


@route("paste-refused", "/signup")
async def _typed_only(_request: Request) -> Response:
    return HTMLResponse(_SIGN_UP, headers={"Content-Security-Policy": "script-src 'unsafe-inline'"})


@answer("token-in-referrer")
def _tells_others(scope: Scope, headers: MutableHeaders) -> None:
    if scope["path"] in ("/verify", "/reset"):
        headers["referrer-policy"] = "unsafe-url"


@answer("private-pages-kept")
def _kept(scope: Scope, headers: MutableHeaders) -> None:
    if scope["method"] == "GET":
        headers["cache-control"] = "private, max-age=600"
