"""Zone settings: the table against the official client's models, and what each value is kept as."""

from __future__ import annotations

import typing
from typing import Any

import pytest
from cloudflare.types.zones import SettingGetResponse
from cloudflare.types.zones.ssl_recommender import SSLRecommender
from hypothesis import given
from hypothesis import strategies as st

from lab.cloudflare.setting import SETTINGS, complete, initial_settings

# Has no value, and Cloudflare keeps it apart from the zone's settings.
MODELS = [model for model in typing.get_args(SettingGetResponse) if model is not SSLRecommender]
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
HSTS = {"enabled": False, "include_subdomains": False, "preload": False, "nosniff": False, "max_age": 0}


def identifier(model: Any) -> str:
    (name,) = typing.get_args(model.model_fields["id"].annotation)
    return str(name)


def literals(model: Any) -> set[Any]:
    """The values that a model names one by one; empty for another kind of value."""
    annotation = model.model_fields["value"].annotation
    named = [annotation, *typing.get_args(annotation)]
    return {value for each in named if typing.get_origin(each) is typing.Literal for value in typing.get_args(each)}


def test_the_table_has_the_settings_of_the_official_client() -> None:
    assert set(SETTINGS) == {identifier(model) for model in MODELS}


@pytest.mark.parametrize("model", MODELS, ids=identifier)
def test_a_setting_takes_the_values_of_the_model(model: Any) -> None:
    setting = SETTINGS[identifier(model)]
    assert setting.allows(setting.default)
    model(id=setting.id, value=setting.default)
    for value in literals(model):
        assert setting.allows(value), value
    if literals(model):
        assert not setting.allows("no such value")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ssl", "Strict"),
        ("ssl", None),
        ("min_tls_version", 1.2),
        ("always_use_https", True),
        ("browser_cache_ttl", 31),
        ("browser_cache_ttl", True),
        ("challenge_ttl", "1800"),
        ("proxy_read_timeout", 0),
        ("proxy_read_timeout", 6001),
        ("security_header", {"strictTransportSecurity": {"enabled": True}}),
        ("security_header", {"strict_transport_security": {"maxAge": 1}}),
        ("security_header", {"strict_transport_security": {"max_age": -1}}),
        ("security_header", {"strict_transport_security": {"enabled": "on"}}),
        ("security_header", "on"),
        ("ciphers", ["ECDHE-RSA-AES128-GCM-SHA256", 7]),
    ],
)
def test_a_value_that_is_wrong_is_not_allowed(name: str, value: Any) -> None:
    assert not SETTINGS[name].allows(value)


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("browser_cache_ttl", 14400.0, 14400),
        ("security_header", {}, {"strict_transport_security": HSTS}),
        (
            "security_header",
            {"strict_transport_security": {"enabled": True, "max_age": 31536000}},
            {"strict_transport_security": {**HSTS, "enabled": True, "max_age": 31536000}},
        ),
        ("nel", {"enabled": True}, {"enabled": True}),
    ],
)
def test_a_value_is_kept_whole(name: str, value: Any, kept: Any) -> None:
    assert SETTINGS[name].allows(value)
    assert complete(SETTINGS[name], value) == kept


def test_zones_do_not_share_their_settings() -> None:
    initial_settings()["security_header"]["strict_transport_security"]["enabled"] = True
    assert initial_settings()["security_header"] == {"strict_transport_security": HSTS}


@pytest.mark.parametrize(("plan", "editable"), [("free", False), ("business", False), ("enterprise", True)])
def test_some_settings_need_a_higher_plan(plan: str, editable: bool) -> None:
    assert SETTINGS["proxy_read_timeout"].editable(plan) is editable
    assert SETTINGS["ssl"].editable(plan)


@given(
    st.sampled_from(sorted(SETTINGS)),
    VALUES | st.lists(VALUES, max_size=2) | st.dictionaries(st.text(max_size=8), VALUES, max_size=2),
)
def test_any_value_is_allowed_and_kept_or_not_allowed(name: str, value: Any) -> None:
    setting = SETTINGS[name]
    if setting.allows(value):
        assert setting.allows(complete(setting, value))
