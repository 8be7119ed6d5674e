"""A run as a film: GIF, WebP or MP4."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..errors import MissingDependency, NetsciError, RunError
from ..run import Run
from .frames import Frames, collect
from .need import need
from .paper import plain
from .run_data import RunData
from .scene import Scene, View, scene_figure
from .subjects import open_subjects

FORMATS = (".gif", ".webp", ".mp4")


def film(
    run: Run | str | os.PathLike[str],
    out: str | os.PathLike[str] = "film.gif",
    view: Literal["disk", "network", "both"] | None = None,
    fps: float = 8,
    size: int = 480,
    max_frames: int = 250,
    hold: float = 1.5,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Draw every snapshot of a run and write them as a film.

    Parameters
    ----------
    run
        A run or its path.
    out
        File to write; its ending says the format: ``.gif``, ``.webp`` or ``.mp4`` (needs ffmpeg).
    view
        ``network``, ``disk`` or ``both``; by default both when an embedding is stored.
    fps
        Snapshots per second.
    size
        Height in pixels.
    max_frames
        Snapshots drawn at most, evenly spaced.
    hold
        Seconds for which the last snapshot stays.
    progress
        Called as ``progress(done, total)`` with the frames drawn.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    NetsciError
        For another ending or view, or a disk without an embedding.
    MissingDependency
        If ffmpeg is needed and not installed.
    RunError
        If the run has no links to draw, or the file cannot be written.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from netsci_dst import Run, Snapshot, Topology
    >>> place = tempfile.mkdtemp()
    >>> run = Run.create(place + "/run", {"seed": 0})
    >>> for step in range(2):
    ...     snapshot = Snapshot(Topology.chain([np.eye(4), np.ones((4, 2 + step))[:, :2]]), step)
    ...     _ = run.write_snapshot(snapshot)
    >>> film(run, place + "/film.gif", view="network").name
    'film.gif'
    """
    path = Path(out)
    if path.suffix.lower() not in FORMATS:
        raise NetsciError(f"a film ends in {', '.join(FORMATS)}, not {path.suffix or path.name!r}")
    if not 0 < fps <= 60 or not 120 <= size <= 2160:
        raise NetsciError("a film needs an fps above 0 up to 60 and a size of 120 to 2160 pixels")
    if path.suffix.lower() == ".mp4" and shutil.which("ffmpeg") is None:
        raise MissingDependency(
            "ffmpeg", "report", "an MP4 film (a program; GIF and WebP need none)"
        )
    data = RunData(open_subjects(run)[0])
    frames = collect(data, max_frames=max_frames)
    if frames is None:
        raise RunError(f"{data.run.path} has no snapshot with sparse links to draw")
    views = _views(view, frames, data)
    figure, scenes = scene_figure(frames, views, *_inches(views, size))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        images = _images(figure, scenes, frames, data, progress)
        save = _save_mp4 if path.suffix.lower() == ".mp4" else _save_pillow
        save(images, path, fps, hold, scenes[0].colours)
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror or error}") from error
    return path


DPI = 100


def _views(view: str | None, frames: Frames, data: RunData) -> list[View]:
    if view not in (None, "disk", "network", "both"):
        raise NetsciError(f"a film shows 'disk', 'network' or 'both', not {view!r}")
    if view is None:
        return ["network", "disk"] if frames.theta else ["network"]
    if view != "network" and not frames.theta:
        raise NetsciError(
            f"{data.name} has no embedding stored, so no disk; compute it with: "
            f"netsci-dst analyze {data.run.path} --measures embedding"
        )
    return ["network", "disk"] if view == "both" else [view]  # type: ignore[list-item]


def _inches(views: list[View], size: int) -> tuple[float, float]:
    share = sum(1.3 if view == "network" else 1.0 for view in views) * 0.92
    # Video codecs need even sizes.
    return 2 * round(size * share / 2) / DPI, 2 * round(size / 2) / DPI


def _images(
    figure: Any,
    scenes: list[Scene],
    frames: Frames,
    data: RunData,
    progress: Callable[[int, int], None] | None,
) -> Iterator[Any]:
    image = need("PIL.Image", "report", "a film")
    figure.set_dpi(DPI)
    words = figure.text(0.015, 0.955, "", fontsize=10, color="#16202c", va="center")
    for t in range(len(frames.steps)):
        for scene in scenes:
            scene.show(t)
        links = sum(frames.n_links[t])
        words.set_text(
            plain(f"{data.method} · {data.time_label} {frames.times[t]:g} · {links:,} links")
        )
        figure.canvas.draw()
        yield image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")
        if progress:
            progress(t + 1, len(frames.steps))


def _save_pillow(
    images: Iterator[Any], path: Path, fps: float, hold: float, colours: list[str]
) -> None:
    # One palette for the whole film: dots keep their colour, and the file stays small.
    made = list(images)
    times = [round(1000 / fps)] * (len(made) - 1) + [round(1000 * max(hold, 1 / fps))]
    options: dict[str, Any] = {"quality": 70, "method": 4} if path.suffix == ".webp" else {}
    if path.suffix.lower() == ".gif":
        palette = _palette(colours)
        made = [image.quantize(palette=palette, dither=0) for image in made]
        options = {"optimize": True, "disposal": 1}
    temporary = path.with_name(f".{path.name}.tmp{path.suffix}")
    made[0].save(
        temporary, save_all=True, append_images=made[1:], duration=times, loop=0, **options
    )
    os.replace(temporary, path)


def _palette(colours: list[str]) -> Any:
    """The colours of the populations in eleven tints each, and greys: chosen, not guessed."""
    image = need("PIL.Image", "report", "a film")
    rgb = [tuple(int(c[i : i + 2], 16) for i in (1, 3, 5)) for c in colours[:20]]
    tints = [
        round(255 + (part - 255) * share)
        for colour in rgb
        for share in np.linspace(0.1, 1, 11)
        for part in colour
    ]
    greys = [level for level in np.linspace(20, 255, 16).round().astype(int) for _ in range(3)]
    flat = [int(v) for v in [*tints, *greys]]
    holder = image.new("P", (1, 1))
    holder.putpalette(flat + flat[-3:] * (256 - len(flat) // 3))
    return holder


def _save_mp4(
    images: Iterator[Any], path: Path, fps: float, hold: float, colours: list[str]
) -> None:
    del colours  # a codec needs no palette
    for left in path.parent.glob(f".{path.name}.tmp-*"):  # of a film that was killed
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.tmp-") as folder:
        target = Path(folder) / "film.mp4"
        first = next(images)
        command = [
            *("ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"),
            *("-s", f"{first.width}x{first.height}", "-r", str(fps), "-i", "-"),
            *("-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "23", "-r", str(max(fps, 24))),
            *("-movflags", "+faststart", str(target)),
        ]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdin
            assert process.stderr
            last = first
            try:
                process.stdin.write(first.tobytes())
                for last in images:
                    process.stdin.write(last.tobytes())
                for _ in range(round(hold * fps)):
                    process.stdin.write(last.tobytes())
                process.stdin.close()
            except BrokenPipeError:
                pass
            said = process.stderr.read().decode("utf-8", "replace").strip()
        if process.returncode:
            raise RunError(
                f"ffmpeg could not write {path}: {said.splitlines()[-1:] or 'no reason'}"
            )
        os.replace(target, path)
