"""Whatever shows a secret shows ``[secret]``."""

from __future__ import annotations

import copy
import io
import json
import logging
import pickle
import pprint
import traceback
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.secret import REDACTED, Secret

VALUE = "hunter2-and-then-some"


@dataclass
class _Holder:
    token: Secret


def _logged(secret: Secret) -> str:
    stream = io.StringIO()
    logger = logging.getLogger("secret-test")
    logger.propagate = False
    logger.addHandler(handler := logging.StreamHandler(stream))
    try:
        logger.warning("%s %r %s", secret, secret, {"token": secret})
    finally:
        logger.removeHandler(handler)
    return stream.getvalue()


def _raised(secret: Secret) -> str:
    try:
        int(f"bad token {secret}" + secret)
    except ValueError:
        return traceback.format_exc()
    return "nothing was raised"


WAYS: dict[str, Callable[[Secret], object]] = {
    "str": str,
    "repr": repr,
    "format": lambda s: format(s, ">40"),
    "f-string": lambda s: f"{s} {s!r} {s!s} {s:>30}",
    "percent": lambda s: "%s %r" % (s, s),  # noqa: UP031 - this is the way that is tested
    "str.format": lambda s: "{} {!r} {:>30}".format(s, s, s),  # noqa: UP032 - this is the way that is tested
    "concatenation": lambda s: "token=" + s,
    "join": lambda s: " ".join(["token", s]),
    "encode": lambda s: s.encode(),
    "slices": lambda s: s[:] + s[0] + "".join(reversed(s)),
    "list": list,
    "json": lambda s: json.dumps({"token": s, "list": [s]}),
    "json with indent": lambda s: json.dumps({s: s}, indent=2),
    "pickle": lambda s: [pickle.dumps(s, protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)],
    "pickle of a holder": lambda s: pickle.dumps(_Holder(s)),
    "state": lambda s: s.__getstate__(),
    "reduce": lambda s: s.__reduce_ex__(4),
    "yaml": lambda s: yaml.dump({"token": s}),
    "dataclass": _Holder,
    "pprint": lambda s: pprint.pformat({"token": s}),
    "copy of a holder": lambda s: copy.deepcopy(_Holder(s)),
    "logging": _logged,
    "exception": _raised,
}


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_no_way_to_show_a_secret_shows_it(way: str) -> None:
    shown = repr(WAYS[way](Secret(VALUE)))
    assert VALUE not in shown
    assert VALUE[::-1] not in shown


def test_the_value_comes_out_of_reveal_alone() -> None:
    secret = Secret(VALUE)
    assert secret.reveal() == VALUE
    assert Secret(secret).reveal() == VALUE
    assert copy.copy(secret).reveal() == copy.deepcopy({"a": [secret]})["a"][0].reveal() == VALUE
    assert pickle.loads(pickle.dumps(secret)) == REDACTED
    assert len(secret) == len(REDACTED)


@given(st.text(), st.text())
def test_secrets_are_equal_by_value_and_never_to_plain_text(one: str, other: str) -> None:
    assert (Secret(one) == Secret(other)) == (one == other)
    assert (Secret(one) != Secret(other)) == (one != other)
    assert Secret(one) != one
    assert one != Secret(one)
    assert Secret(one) != REDACTED
    assert hash(Secret(one)) == hash(Secret(one))
    assert REDACTED not in {Secret(one)}
