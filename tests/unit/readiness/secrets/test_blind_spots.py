"""What a line of plain text does not show: other encodings, archives, LFS, submodules, names, and what is split up."""

from __future__ import annotations

import base64
import bz2
import gzip
import hashlib
import io
import lzma
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from adapters.betterleaks import Betterleaks
from adapters.git_repository import GitRepository
from core.leaks import Coverage, Leak, Piece
from core.secret import Secret
from readiness.check import Outcome
from readiness.rows.secrets import checks
from readiness.rows.secrets.spellings import Spotter
from tests.unit.readiness.secrets.repositories import GITHUB, Repo, looked, made

OWN = "k3Rf9-pQx_7Lm2/Vb+8w=Zt"


def _token(name: str) -> str:
    """One that is nobody's, of GitHub's form."""
    return "ghp_" + hashlib.sha256(name.encode()).hexdigest()[:36]


def _line(token: str) -> str:
    return f"first\ntoken = '{token}'\nlast\n"


def _zipped(name: str, data: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return held.getvalue()


def _tarred(name: str, data: bytes) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return held.getvalue()


def _minified(token: str) -> bytes:
    # Dense, so that wherever the scanner cuts, it would cut through one.
    return b"".join(b"x.y" * 60 + b'var t%d="%s";' % (at, token.encode()) for at in range(3000))


CONTENTS: dict[str, Callable[[str], bytes]] = {
    "utf16-le": lambda token: b"\xff\xfe" + _line(token).encode("utf-16-le"),
    "utf16-be": lambda token: b"\xfe\xff" + _line(token).encode("utf-16-be"),
    "utf16-le-without-a-mark": lambda token: _line(token).encode("utf-16-le"),
    "utf16-be-without-a-mark": lambda token: _line(token).encode("utf-16-be"),
    "utf16-late": lambda token: b"\xff\xfe" + ("\u4e00" * 9000 + _line(token)).encode("utf-16-le"),
    "utf32": lambda token: _line(token).encode("utf-32"),
    "within-a-program": lambda token: b"\x7fELF\0\1\2" + _line(token).encode("utf-16-le") + bytes(range(256)),
    "gzip": lambda token: gzip.compress(_line(token).encode()),
    "gzip-of-two": lambda token: gzip.compress(b"one\n") + gzip.compress(_line(token).encode()),
    "bzip2": lambda token: bz2.compress(_line(token).encode()),
    "xz": lambda token: lzma.compress(_line(token).encode()),
    "zip": lambda token: _zipped("a.txt", _line(token).encode()),
    "zip-behind-a-program": lambda token: b"#!/bin/sh\nexit\n" + _zipped("a.txt", _line(token).encode()),
    "zip-in-tar-gz": lambda token: _tarred("in.zip", _zipped("deep/a.txt", _line(token).encode())),
    "utf16-in-zip": lambda token: _zipped("a.reg", _line(token).encode("utf-16")),
    "minified": _minified,
    "base64": lambda token: b"x: " + base64.b64encode(_line(token).encode()) + b"\n",
    "base64-twice": lambda token: b"x: " + base64.b64encode(base64.b64encode(_line(token).encode())) + b"\n",
    "hex": lambda token: b"x: " + _line(token).encode().hex().encode() + b"\n",
    "url": lambda token: b"x: " + "".join(f"%{byte:02x}" for byte in _line(token).encode()).encode() + b"\n",
}


def _content(name: str) -> Callable[[Repo], None]:
    def seed(repo: Repo) -> None:
        repo.commit(f"{name}.data", CONTENTS[name](_token(name)))
        repo.commit(f"{name}.data", None)

    return seed


def _in_a_note(repo: Repo) -> None:
    repo.git("notes", "add", "-m", f"made with {_token('note')}", "HEAD")


def _in_an_older_stash(repo: Repo) -> None:
    for text in (_line(_token("older-stash")), "later\n"):
        repo.write("README.md", text)
        repo.git("stash")


def _in_a_stash_of_what_is_untracked(repo: Repo) -> None:
    repo.write("untracked.txt", _line(_token("stash-of-untracked")))
    repo.git("stash", "--include-untracked")


def _amended_away(repo: Repo) -> None:
    repo.commit("amended.txt", _line(_token("amended-away")))
    repo.git("rm", "-q", "amended.txt")
    repo.git("commit", "-q", "--amend", "--allow-empty", "-m", "nothing")


def _in_a_tagged_blob(repo: Repo) -> None:
    name = repo.git("hash-object", "-w", "--stdin", stdin=_line(_token("tagged-blob")))
    repo.git("tag", "blob", name)


def _in_a_name(repo: Repo) -> None:
    repo.commit(f"dir/{_token('file-name')}.txt", "a\n")


def _in_an_author(repo: Repo) -> None:
    repo.git("commit", "-q", "--allow-empty", "-m", "x", "--author", f"Ann <{_token('author')}@x.test>")


def _in_a_message_that_lies_about_its_encoding(repo: Repo) -> None:
    message = f"use {_token('encoding')}"
    repo.git("-c", "i18n.commitEncoding=UTF-16", "commit", "-q", "--allow-empty", "-m", message)
    repo.git("config", "i18n.logOutputEncoding", "UTF-16")


def _staged_and_then_cleaned(repo: Repo) -> None:
    repo.write("staged.txt", _line(_token("staged")))
    repo.git("add", "staged.txt")
    repo.write("staged.txt", "clean\n")


def _packed_and_called_text(repo: Repo) -> None:
    repo.commit(".gitattributes", "*.forced diff\n")
    repo.commit("a.forced", _zipped("a.txt", os.urandom(3000)))
    repo.commit("a.forced", _zipped("a.txt", os.urandom(3000) + _line(_token("forced")).encode()))


def _kept_by_lfs(repo: Repo) -> None:
    data = _line(_token("lfs")).encode()
    name = hashlib.sha256(data).hexdigest()
    repo.commit("big.bin", f"version https://git-lfs.github.com/spec/v1\noid sha256:{name}\nsize {len(data)}\n")
    repo.write(f".git/lfs/objects/{name[:2]}/{name[2:4]}/{name}", data)


def _in_a_submodule(repo: Repo) -> None:
    other = made(repo.folder.parent / "other")
    other.commit("old.txt", _line(_token("submodule")))
    other.commit("old.txt", None)
    repo.git("submodule", "--quiet", "add", str(other.folder), "vendored")
    repo.git("commit", "-q", "-m", "vendor it")


OTHERS: dict[str, Callable[[Repo], None]] = {
    "note": _in_a_note,
    "older-stash": _in_an_older_stash,
    "stash-of-untracked": _in_a_stash_of_what_is_untracked,
    "amended-away": _amended_away,
    "tagged-blob": _in_a_tagged_blob,
    "file-name": _in_a_name,
    "author": _in_an_author,
    "encoding": _in_a_message_that_lies_about_its_encoding,
    "forced": _packed_and_called_text,
    "lfs": _kept_by_lfs,
    "submodule": _in_a_submodule,
    "staged": _staged_and_then_cleaned,
}
SEEDED = {**{name: _content(name) for name in CONTENTS}, **OTHERS}


@pytest.fixture(scope="module")
def in_history(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[str], Coverage]:
    folder = tmp_path_factory.mktemp("seeded")
    repo, seen = made(folder / "repo"), Coverage()
    for seed in SEEDED.values():
        seed(repo)
    scanned = Betterleaks(folder).scan(GitRepository(repo.folder).history(seen))
    return {leak.fingerprint for leak in scanned.leaks}, seen


@pytest.mark.parametrize("name", SEEDED)
def test_a_secret_of_the_history_is_found(in_history: tuple[set[str], Coverage], name: str) -> None:
    assert hashlib.sha256(_token(name).encode()).hexdigest() in in_history[0]
    assert in_history[1].left_out == []


@pytest.fixture(scope="module")
def in_tree(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Leak]:
    folder = tmp_path_factory.mktemp("tree")
    repo, seen = made(folder / "repo"), Coverage()
    for name, content in CONTENTS.items():
        repo.write(f"{name}.data", content(_token(name)))
    repo.write(f"{_token('named')}.txt", "a\n")
    scanned = Betterleaks(folder).scan(GitRepository(repo.folder).tree(seen))
    assert seen.left_out == []
    return {leak.fingerprint: leak for leak in scanned.leaks}


@pytest.mark.parametrize("name", [*CONTENTS, "named"])
def test_a_secret_of_the_tree_is_found_in_its_file(in_tree: dict[str, Leak], name: str) -> None:
    leak = in_tree[hashlib.sha256(_token(name).encode()).hexdigest()]
    assert leak.path.startswith("ghp_" if name == "named" else f"{name}.data")


# --- what is split up ---


def _key() -> list[str]:
    body = base64.b64encode(hashlib.sha512(b"key").digest() * 12).decode()
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    begin, end = (f"-----{word} RSA PRIVATE KEY-----" for word in ("BEGIN", "END"))
    return [begin, *lines, end]


@pytest.mark.parametrize("parts", [(0, 1, 99), (0, 3, 6, 99), (99, 1)], ids=["marks first", "by lines", "body last"])
def test_a_key_that_came_over_several_commits_is_found(tmp_path: Path, parts: tuple[int, ...]) -> None:
    repo, key = made(tmp_path / "repo"), _key()
    steps = [key[:end] for end in parts] if parts[0] != 99 else [[key[0], key[-1]], key]
    for step in steps:
        repo.commit("server.key", "\n".join(["# of the server", *step, ""]) + f"\n{len(step)}\n")
    repo.commit("server.key", None)
    leaks = Betterleaks(tmp_path).scan(GitRepository(repo.folder).history(Coverage())).leaks
    assert {(leak.rule, leak.path) for leak in leaks} == {("private-key", "server.key")}


def test_a_key_behind_another_that_does_not_end_is_found_by_itself(tmp_path: Path) -> None:
    """The scanner's rule would go on from the first line of the one to the first line of the other, and see no key."""
    key = "\n".join(_key()).encode()
    half = key[:400]
    alone = Betterleaks(tmp_path).scan([Piece("tree", "b", key)]).leaks
    leaks = (
        Betterleaks(tmp_path).scan([Piece("tree", "a", half), Piece("tree", "b", key), Piece("tree", "c", half)]).leaks
    )
    assert [leak.fingerprint for leak in leaks] == [leak.fingerprint for leak in alone]
    assert [leak.path for leak in leaks] == ["b"]


@pytest.mark.parametrize("name", ["deploy.p12", "conf/Server.PFX", "app.jks", "team.kdbx"])
def test_a_store_of_keys_is_told_by_its_name_though_it_was_but_renamed(tmp_path: Path, name: str) -> None:
    repo = made(tmp_path / "repo")
    repo.commit("notes.txt", "nothing that looks like a key\n")
    (repo.folder / name).parent.mkdir(exist_ok=True)
    repo.git("mv", "notes.txt", name)
    repo.git("commit", "-q", "-m", "rename")
    repo.commit(name, None)
    result = looked(repo.folder, tmp_path)[checks.HISTORY.id]
    assert result.outcome is Outcome.FAIL
    assert "key-store" in str(result.evidence)


FILES = {
    "main.tf": 'password = "hunter2-hunter2"\n',
    "secret.yaml": "apiVersion: v1\nkind: Secret\ndata:\n  password: c2VjcmV0c2VjcmV0c2VjcmV0\n",
    "NuGet.config": '<add key="ClearTextPassword" value="pppp33wwww!" />\n',
}


@pytest.mark.parametrize(("name", "rule"), list(zip(FILES, ("terraform", "kubernetes", "nuget"), strict=True)))
def test_what_is_a_secret_in_some_files_alone_is_found_there_and_not_elsewhere(
    tmp_path: Path, name: str, rule: str
) -> None:
    repo = made(tmp_path / "repo")
    repo.commit(name, FILES[name])
    repo.commit("other.txt", FILES[name])
    leaks = Betterleaks(tmp_path).scan(GitRepository(repo.folder).history(Coverage())).leaks
    assert {leak.path for leak in leaks if leak.rule.startswith(rule)} == {name}


# --- the stack's own values ---

TWICE: dict[str, str] = {
    "base64 of base64": base64.b64encode(b"ab" + base64.b64encode(b"u:" + OWN.encode() + b"!")).decode(),
    "URL of base64": quote(base64.b64encode(OWN.encode() + b"!").decode(), safe=""),
    "base64 of URL": base64.b64encode(b"x=" + quote(OWN, safe="").encode() + b"&").decode(),
    "URL of URL": quote(quote(OWN, safe=""), safe=""),
    "hex of base64": base64.b64encode(b"u:" + OWN.encode()).hex(),
    "base64 of hex": base64.b64encode(b"0x" + OWN.encode().hex().encode()).decode(),
    "base64 of UTF-16": base64.b64encode(f"$p='{OWN}'".encode("utf-16-le")).decode(),
}


@pytest.mark.parametrize("how", TWICE)
def test_an_own_value_that_is_encoded_twice_is_found(how: str) -> None:
    spotter = Spotter({"session-key": Secret(OWN)})
    spotter.look(Piece("here", "file", f"x = '{TWICE[how]}'\n".encode()))
    assert spotter.spots


@pytest.mark.parametrize("content", ["utf16-le-without-a-mark", "zip-in-tar-gz", "gzip"])
def test_an_own_value_is_found_in_what_is_packed(tmp_path: Path, content: str) -> None:
    repo = made(tmp_path / "repo")
    repo.commit("a.data", CONTENTS[content](OWN))
    repo.commit("a.data", None)
    result = looked(repo.folder, tmp_path, {"session-key": OWN})[checks.OWN_VALUES.id]
    assert result.outcome is Outcome.FAIL


# --- what could not be looked at ---


def _encrypted(data: bytes) -> bytes:
    """A zip whose only file says that it is encrypted (APPNOTE 4.4.4)."""
    made_of = bytearray(_zipped("a.txt", data))
    made_of[6] |= 1
    made_of[made_of.index(b"PK\x01\x02") + 8] |= 1
    return bytes(made_of)


def _deep() -> bytes:
    data = _line(GITHUB).encode()
    for _ in range(7):
        data = gzip.compress(data)
    return data


CLOSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "encrypted zip": (lambda: _encrypted(b"x" * 100), "encrypted"),
    "7-Zip": (lambda: b"7z\xbc\xaf\x27\x1c" + bytes(50), "7-Zip cannot be opened"),
    "bomb": (lambda: gzip.compress(bytes(40 << 20)), "has more than"),
    "too deep": (_deep, "an archive in 5 others"),
    "cut off": (lambda: gzip.compress(os.urandom(5000))[:2000], "cut off"),
}


@pytest.mark.parametrize("kind", CLOSED)
def test_an_archive_that_cannot_be_seen_whole_is_no_pass(tmp_path: Path, kind: str) -> None:
    repo = made(tmp_path / "repo")
    repo.commit("a.data", CLOSED[kind][0]())
    found = looked(repo.folder, tmp_path)
    for check in (checks.TREE, checks.HISTORY):
        assert found[check.id].outcome is Outcome.CANNOT_TELL
        assert "a.data" in found[check.id].summary
        assert CLOSED[kind][1] in found[check.id].summary
    assert found[checks.OWN_VALUES.id].outcome is Outcome.CANNOT_TELL


def test_what_lfs_has_not_fetched_is_no_pass(tmp_path: Path) -> None:
    repo = made(tmp_path / "repo")
    repo.commit("big.bin", f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 5\n")
    found = looked(repo.folder, tmp_path)
    for check in (checks.TREE, checks.HISTORY):
        assert found[check.id].outcome is Outcome.CANNOT_TELL
        assert "git lfs fetch" in found[check.id].summary
