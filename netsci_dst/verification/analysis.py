"""The stored results of measures."""

from __future__ import annotations

from ..analysis.result_store import FOLDER, ResultStore, decode_arrays
from ..finding import OK, Finding, counted, noting
from ..store import Store


def check_analysis(store: Store) -> list[Finding]:
    """Return what is found of the tables and arrays in a run's ``analysis`` folder."""
    found: list[Finding] = []
    results = ResultStore(store)
    with noting(found):
        if not store.list(FOLDER):
            return found
        notes = results.load().notes
        values = len(results.frame())
        found.append(Finding(OK, f"analysis: {counted(len(notes), 'result')}, {values} values"))
        n = 0
        for name in sorted({results.array_file(note) for note in notes.values()}):
            with noting(found):
                if store.exists(name):
                    decode_arrays(store.read(name), store.path(name))
                    n += 1
        if n:
            match = "matches its checksum" if n == 1 else "match their checksums"
            found.append(Finding(OK, f"analysis: {counted(n, 'file')} of arrays {match}"))
    return found
