"""GraphQL at its usual paths: is there any, and does it tell its schema to everybody?"""

from __future__ import annotations

from collections.abc import Iterator

from core.site import Reply
from readiness.check import Result, Table, beside_the_point, failed, unknown
from readiness.rows.authorization import checks, verdict
from readiness.rows.authorization.layers import HOSTS
from readiness.target import Target

PATHS = ("/graphql", "/api/graphql", "/graphql/v1", "/v1/graphql", "/query", "/api/query", "/graphiql")
_INTROSPECTION = {"query": "{ __schema { queryType { name } types { name } } }"}


def graphql(target: Target) -> Iterator[Result]:
    """Decides the check of GraphQL."""
    visitor = target.visitor()
    replies = {path: visitor.ask("POST", target.url(path), json=_INTROSPECTION, patient=True) for path in PATHS}
    if target.behind_edge:
        behind = target.behind_edge()
        replies |= {f"{path} {HOSTS}": behind.ask("POST", target.url(path), json=_INTROSPECTION) for path in PATHS}
    table = Table(
        "Where GraphQL might be", ("path", "answer"), tuple((path, said(reply)) for path, reply in replies.items())
    )
    speaks = [path for path, reply in replies.items() if is_graphql(reply)]
    tells = [path for path in speaks if schema_in(replies[path])]
    silent = [path for path, reply in replies.items() if verdict.refused(reply).reached is None]
    if tells:
        yield failed(checks.GRAPHQL, f"the schema is told to whoever asks, at {', '.join(tells)}", table)
    elif speaks:
        why = (
            f"there is GraphQL at {', '.join(speaks)}, which keeps its schema to itself: its fields are not tried here"
        )
        yield unknown(checks.GRAPHQL, why + "; have each resolver's access tested by the platform's own tests", table)
    elif silent:
        yield unknown(checks.GRAPHQL, f"{', '.join(silent)} gave no telling answer: run it again", table)
    else:
        yield beside_the_point(checks.GRAPHQL, f"no GraphQL at any of {len(replies)} usual places", table)


def is_graphql(reply: Reply) -> bool:
    """Whether an answer is GraphQL's: ``data``, or ``errors`` with messages (GraphQL, October 2021, section 7)."""
    document = reply.json
    if not isinstance(document, dict):
        return False
    errors = document.get("errors")
    told = isinstance(errors, list) and any(isinstance(one, dict) and "message" in one for one in errors)
    return schema_in(reply) or (told and set(document) <= {"data", "errors", "extensions"})


def schema_in(reply: Reply) -> bool:
    """Whether the answer has the schema that was asked for."""
    document = reply.json
    data = document.get("data") if isinstance(document, dict) else None
    return isinstance(data, dict) and isinstance(data.get("__schema"), dict)


def said(reply: Reply) -> str:
    """The answer in a word or two."""
    if schema_in(reply):
        return f"{reply.status}, its schema"
    return f"{reply.status}, GraphQL" if is_graphql(reply) else verdict.refused(reply).why
