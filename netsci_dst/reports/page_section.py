"""What a section of a report is, and the door through which every one of them comes in.

A section is a function in a file: given a run (or a comparison, or a network) it yields what it
shows. A file ``NAME.js`` and a file ``NAME.css`` beside it are put into the page with it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from .. import registry
from ..errors import NetsciError
from .chart import Block, Figure

PageKind = Literal["run", "comparison", "network", "networks"]
PAGES = ("run", "comparison", "network", "networks")


@dataclass(frozen=True)
class Section:
    """One section: its words, where it stands, and the function that makes what it shows.

    Attributes
    ----------
    name
        By which `netsci_dst.show` and the page's address know it.
    page
        On which page it stands.
    title, lead
        Its heading, and one sentence that says what to look for.
    function
        ``function(subject, **options)`` yields `Chart`, `Heat`, `Table`, `View` and
        the like.
    after
        The section before it; by default it comes last.
    on_page
        False for what is a figure of a file or a notebook alone.
    definition, equation, source, computed_by
        How it is defined, as HTML of our own for the equation; the paper; what computes it.

    Examples
    --------
    >>> from netsci_dst.reports import sections_of
    >>> section = next(found for found in sections_of("run") if found.name == "k_shells")
    >>> section.page, section.title
    ('run', 'k-shells')
    """

    name: str
    page: PageKind
    title: str
    function: Callable[..., Iterable[Block]]
    lead: str = ""
    after: str = ""
    definition: str = ""
    equation: str = ""
    source: str = ""
    computed_by: str = ""
    on_page: bool = True

    def __post_init__(self) -> None:
        # By these the registry knows that a notebook's cell was run again.
        for name in ("__module__", "__qualname__"):
            object.__setattr__(self, name, getattr(self.function, name))

    def assets(self, suffix: str) -> str:
        """Return the text of the file beside the section with this ending; empty without one."""
        beside = Path(inspect.getfile(self.function)).with_suffix(suffix)
        return beside.read_text("utf-8") if beside.is_file() else ""

    def options(self) -> dict[str, Any]:
        """Return the options of the section with their defaults."""
        known = list(inspect.signature(self.function).parameters.values())[1:]
        return {p.name: p.default for p in known if p.default is not p.empty}

    def figures(self, subject: Any, **options: Any) -> Iterator[Figure]:
        """Yield what can be drawn."""
        for block in self.function(subject, **options):
            if isinstance(block, Figure):
                yield block


def section(
    name: str,
    *,
    title: str,
    page: PageKind = "run",
    lead: str = "",
    after: str = "",
    definition: str = "",
    equation: str = "",
    source: str = "",
    computed_by: str = "",
    on_page: bool = True,
) -> Callable[[Callable[..., Iterable[Block]]], Callable[..., Iterable[Block]]]:
    """Register a function as a section; see `Section` for the words.

    Parameters
    ----------
    name
        By which `netsci_dst.show` and the page's address know it.
    title
        Its heading.
    page
        ``run``, ``comparison``, ``network`` or ``networks``.
    lead
        One sentence that says what to look for.
    after
        The section before it; by default it comes last.
    definition, equation, source, computed_by
        How it is defined, the paper, and what computes it.
    on_page
        False for what is a figure of a file or a notebook alone.

    Returns
    -------
    callable
        A decorator that returns the function as it is.

    Raises
    ------
    NetsciError
        If there is no such page.

    Examples
    --------
    >>> from netsci_dst.reports import Chart, Series, section
    >>> @section("weights", title="Weights", after="degrees", lead="Do a few weights carry all?")
    ... def weights(run):
    ...     layer = run.topology.layers[0]
    ...     y = sorted(abs(layer.weights), reverse=True)
    ...     yield Chart("weights", layer.name, "rank", "|w|", (Series("w", range(len(y)), y),))
    """
    if page not in PAGES:
        raise NetsciError(f"a section stands on the page {', '.join(PAGES)}, not {page!r}")

    def decorate(make: Callable[..., Iterable[Block]]) -> Callable[..., Iterable[Block]]:
        made = Section(
            *(name, page, title, make, lead, after),
            *(definition, equation, source, computed_by, on_page),
        )
        registry.add(
            "section", _key(name, page), made, summary=lead or title, source=source, page=page
        )
        return make

    return decorate


def _key(name: str, page: str) -> str:
    return name if page == "run" else f"{page}.{name}"


def sections_of(page: str) -> list[Section]:
    """Return the sections of a page in the order in which they stand.

    Parameters
    ----------
    page
        ``run``, ``comparison``, ``network`` or ``networks``.

    Returns
    -------
    list of Section
        In the order of the page, those of others included.

    Examples
    --------
    >>> [found.name for found in sections_of("network")][:3]
    ['network', 'degrees', 'communities']
    """
    waiting = [e.target for e in registry.entries("section") if e.target.page == page]
    known = {s.name for s in waiting}
    placed: list[Section] = []
    roots = [s for s in waiting if s.after not in known]
    for root in sorted(roots, key=lambda s: (s.after != "first", s.name)):
        _place(root, waiting, placed)
    return placed


def _place(found: Section, waiting: list[Section], placed: list[Section]) -> None:
    if found in placed:
        return
    placed.append(found)
    # The shortest rows come first, so that an extension stands where it asks to.
    followers = [s for s in waiting if s.after == found.name]
    for follower in sorted(followers, key=lambda s: (_length(s, waiting, set()), s.name)):
        _place(follower, waiting, placed)


def _length(found: Section, waiting: list[Section], seen: set[str]) -> int:
    """Return how many sections stand behind one, itself included."""
    seen.add(found.name)
    return 1 + sum(
        _length(s, waiting, seen) for s in waiting if s.after == found.name and s.name not in seen
    )
