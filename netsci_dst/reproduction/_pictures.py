"""Pictures of the network that a run ended with."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Sequence

from ..run import Run

_DOTS_PER_INCH = 130


def picture_file(folder: str, name: str, quick: bool) -> str:
    """Return where a picture of the run in a folder lies, among the results."""
    return f"pictures/{'quick-' if quick else ''}{folder}-{name}.webp"


def draw_pictures(run: Run, names: Sequence[str]) -> dict[str, bytes]:
    """Return figures of the last snapshot as WebP, by their names in `netsci_dst.reports.figures`.

    Raises
    ------
    NetsciError
        If the run has no figure of a name.
    """
    if not names:
        return {}
    from ..analysis import analyze
    from ..reports import figures
    from ..reports.need import need

    if "disk" in names:
        analyze(run, ["embedding"], [run.snapshots.steps[-1]])
    image = need("PIL.Image", "report", "a picture")
    drawn = {}
    with tempfile.TemporaryDirectory() as folder:
        paths = figures(run, folder, "png", _DOTS_PER_INCH, only=names)
        for name, path in zip(names, paths):
            buffer = io.BytesIO()
            with image.open(path) as picture:
                picture.convert("RGB").save(buffer, "webp", quality=75, method=6)
            drawn[name] = buffer.getvalue()
    return drawn
