"""The main pages on a slow phone: the median of three loads of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from readiness.check import Evidence, Result, Said, Table, held, unknown
from readiness.rows.performance import checks
from readiness.rows.performance.busy import busy
from readiness.rows.performance.drawing import filmstrip
from readiness.rows.performance.loading import METHOD, Loaded, Loader
from readiness.target import Target

LOADS = 3
MOST_PAGES = 5
"""So many of the main pages are loaded, the first ones: each load takes two to three seconds."""


def pages(target: Target) -> Iterator[Result]:
    """All of ``launch-ready:readiness.pages``."""
    if target.browser is None:
        yield from (unknown(check, "there is no browser: run scripts/setup") for check in checks.PAGES)
        return
    found: dict[str, list[Loaded]] = {}
    with target.browser.page(mobile=True) as page:
        loader = Loader(page)
        for path in target.settings.readiness.pages[:MOST_PAGES]:
            found[path] = _loads(loader, target, path)
    troubles = [f"{path}: {_trouble(loads)}" for path, loads in found.items() if _trouble(loads)]
    if troubles:
        said = "; ".join(troubles)
        why = f"{len(troubles)} of {len(found)} pages could not be measured ({said}): see them in a browser"
        yield from (unknown(check, why) for check in checks.PAGES)
        return
    yield from _judged(target, found)


def _loads(loader: Loader, target: Target, path: str) -> list[Loaded]:
    """So many loads of a page; if one failed or their median is over the limit, a better round counts."""
    first = _round(loader, target.url(path))
    if not _trouble(first) and _lcp(first) <= target.settings.readiness.lcp_ms:
        return first
    second = _round(loader, target.url(path))
    if _trouble(first) or _trouble(second):
        return first if _trouble(second) else second
    return min(first, second, key=_lcp)


def _lcp(loads: Sequence[Loaded]) -> float:
    return median(load.lcp for load in loads)


def _round(loader: Loader, url: str) -> list[Loaded]:
    return [loader.load(url, filmed=number == 0) for number in range(LOADS)]


def _trouble(loads: Sequence[Loaded]) -> str:
    for load in loads:
        if load.trouble or not 200 <= load.status < 400:
            return load.trouble or f"it answers {load.status}"
        if not load.lcp:
            return "the browser told of no paint"
    return ""


def _judged(target: Target, found: Mapping[str, Sequence[Loaded]]) -> Iterator[Result]:
    limits, evidence = target.settings.readiness, _evidence(found)
    lcp = {path: _lcp(loads) for path, loads in found.items()}
    cls = {path: median(load.cls for load in loads) for path, loads in found.items()}
    weight = {path: median(load.transferred for load in loads) / 1000 for path, loads in found.items()}
    slow = [
        f"{path} has {ms:.0f} ms, and the limit is {limits.lcp_ms}" for path, ms in lcp.items() if ms > limits.lcp_ms
    ]
    films = [film for path, loads in found.items() if (film := filmstrip(loads[0].frames, path))]
    said = ", ".join(f"{path} {ms:.0f} ms" for path, ms in lcp.items())
    yield held(
        checks.LCP,
        [*slow, *filter(None, [busy()])] if slow else [],
        f"medians of {LOADS} loads: {said}; the limit is {limits.lcp_ms} ms",
        *evidence,
        *films,
    )
    moving = [
        f"{path} has {score:.3f}, and the limit is {limits.cls}" for path, score in cls.items() if score > limits.cls
    ]
    said = ", ".join(f"{path} {score:.3f}" for path, score in cls.items())
    yield held(checks.CLS, moving, f"medians of {LOADS} loads: {said}; the limit is {limits.cls}", *evidence)
    heavy = [f"{path} has {kb:.0f} kB" for path, kb in weight.items() if kb > limits.page_kilobytes]
    said = ", ".join(f"{path} {kb:.1f} kB" for path, kb in weight.items())
    yield held(checks.WEIGHT, heavy, f"{said}; the limit is {limits.page_kilobytes} kB", *evidence)


def _evidence(found: Mapping[str, Sequence[Loaded]]) -> tuple[Evidence, ...]:
    rows = tuple(
        (
            path,
            " ".join(f"{load.lcp:.0f}" for load in loads),
            loads[0].element.lower(),
            " ".join(f"{load.cls:.3f}" for load in loads),
            str(loads[0].requests),
            f"{median(load.transferred for load in loads) / 1000:.1f}",
        )
        for path, loads in found.items()
    )
    columns = ("Page", "LCP, ms", "Largest", "CLS", "Requests", "kB")
    return Table("Loads on an emulated phone (Moto G4)", columns, rows), Said("Method", METHOD)
