"""Whether an import is whole: every checkpoint that was asked for has its snapshot."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import FormatError
from ..exchange.import_run import IMPORTED, fingerprint
from ..exchange.networks import STANDARD_INPUT
from ..finding import DAMAGED, DIFFERS, OK, Finding, counted
from ..run import Run


def check_import(run: Run, asked: Any, files: bool) -> list[Finding]:
    """Return whether all was imported, and whether the files are still the same."""
    if not isinstance(asked, Mapping) or not isinstance(asked.get("from"), list):
        raise FormatError(f"{run.path} does not say what was imported")
    sources = run.provenance.get("sources")
    sources = sources if isinstance(sources, Mapping) else {}
    steps = set(run.snapshots.steps)
    wanted = [str(name) for name in asked["from"]]
    there = [n for n in wanted if n in sources and _step(sources[n]) in steps]
    total = counted(len(wanted), "checkpoint")
    if len(there) < len(wanted) or run.status != IMPORTED:
        text = f"{len(there)} of {total} were imported: the same import, or resume, goes on"
        return [Finding(DAMAGED, text)]
    found = [Finding(OK, f"{total} {'was' if len(wanted) == 1 else 'were all'} imported")]
    return found + (_files(wanted, sources) if files else [])


def _step(source: Any) -> Any:
    return source.get("step") if isinstance(source, Mapping) else None


def _files(wanted: list[str], sources: Mapping[str, Any]) -> list[Finding]:
    """Compare the imported files that are still at hand with what they were."""
    named = [name for name in wanted if name not in STANDARD_INPUT]
    here = [name for name in named if os.path.exists(name)]
    changed = [n for n in here if fingerprint(Path(n)) != sources[n].get("sha256")]
    found = [Finding(DIFFERS, f"{name} has changed since it was imported") for name in changed]
    missing = len(named) - len(here)
    if missing:
        found.append(Finding(DIFFERS, f"{counted(missing, 'imported file')} not at hand any more"))
    if not found:
        found.append(Finding(OK, "the imported files are as they were"))
    return found
