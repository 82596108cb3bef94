"""What the letters say."""

from __future__ import annotations

from .mail import Letter

_NOT_YOU = "If it was not you, you need not do anything: without this link nothing happens.\n"


def proof(public_url: str, email: str, token: str) -> Letter:
    """To who has signed up, to prove the address."""
    return Letter(
        email,
        "Prove your address",
        "Somebody, hopefully you, has made an account at Community with this address.\n\n"
        f"To prove that it is yours, open within 24 hours:\n\n{public_url}/verify?token={token}\n\n{_NOT_YOU}",
    )


def reset(public_url: str, email: str, token: str) -> Letter:
    """To who has forgotten the password."""
    return Letter(
        email,
        "Set a new password",
        "Somebody, hopefully you, wants to set a new password for your account at Community.\n\n"
        f"To set it, open within 30 minutes:\n\n{public_url}/reset?token={token}\n\n{_NOT_YOU}",
    )


def known(public_url: str, email: str) -> Letter:
    """To who has signed up with the address of an account that is there."""
    return Letter(
        email,
        "You have an account already",
        "Somebody, hopefully you, has tried to make an account at Community with this address, which has one.\n\n"
        f"Log in: {public_url}/login\nSet a new password: {public_url}/reset\n\n"
        "If it was not you, you need not do anything: nothing was changed.\n",
    )


def changed(public_url: str, email: str) -> Letter:
    """To whose password was changed."""
    return Letter(
        email,
        "Your password was changed",
        "The password of your account at Community was changed, and its other sessions were ended.\n\n"
        f"If it was not you, set a new one at once: {public_url}/reset\n",
    )
