"""Errors as Cloudflare's API gives them: an HTTP status, and codes with messages in ``errors[]``.

Cloudflare publishes no list of its codes. Those here were taken from its answers as users quote them in the issues of
``cloudflare/terraform-provider-cloudflare``, ``cloudflare/workers-sdk``, ``octodns/octodns-cloudflare``,
``cloudflare/cloudflare-php``, ``kubernetes-sigs/external-dns`` and ``pulumi/pulumi-cloudflare``. Nobody was found to
quote 1012, 1016, 1094, 9101, 10001, 10002, 20120 and 20127, and 9207 for a wrong content type alone: nothing should
depend on those numbers.
"""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An answer that says no. ``pointer`` is a JSON pointer into the body; ``chain`` holds (code, message) pairs."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        *,
        pointer: str = "",
        chain: tuple[tuple[int, str], ...] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.pointer = pointer
        self.chain = chain

    def entries(self) -> list[dict[str, Any]]:
        """What stands in ``errors[]``."""
        entry: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.pointer:
            entry["source"] = {"pointer": self.pointer}
        if self.chain:
            entry["error_chain"] = [{"code": code, "message": message} for code, message in self.chain]
        return [entry]


class NoRoute(ApiError):
    """Neither a path nor the form of an identifier that the API knows: two entries, as Cloudflare gives them."""

    def __init__(self, path: str) -> None:
        super().__init__(404, 7003, f"Could not route to {path}, perhaps your object identifier is invalid?")

    def entries(self) -> list[dict[str, Any]]:
        """The route's error and its cause."""
        return [*super().entries(), {"code": 7000, "message": "No route for that URI"}]


def bad_body(reason: str = "Request body is invalid.") -> ApiError:
    """The body is not JSON, or not of the shape that this route wants."""
    return ApiError(400, 9207, reason)


def malformed(field: str, wanted: str) -> ApiError:
    """A field of a DNS record or a zone is missing or of the wrong type."""
    return ApiError(400, 1004, "DNS Validation Error", chain=((9020, f"Invalid {field}: it must be {wanted}."),))
