"""A growing report of runs that are still training, served to this machine's own browser."""

from __future__ import annotations

import http.server
import os
import secrets
import sys
import threading
import time
from http import HTTPStatus
from typing import Any

from ..errors import NetsciError, RunError
from ..run import GROWING, PROVENANCE, Run, load_run
from .page import build

HOST = "127.0.0.1"
# A live page is made again and again: fewer snapshots keep each making short.
LIVE_FRAMES = 60
CLIENT_TIMEOUT_S = 10.0


class Watcher:
    """Builds the page of a run, or of all runs in a folder, whenever one has changed.

    A thread of its own calls `follow`.
    """

    def __init__(self, path: str, every: float = 2.0):
        self.path = path
        self.every = every
        self.page: bytes = b""
        self.version: int = 0
        self._seen: object = None
        self._stop = threading.Event()
        self.problem = ""

    def refresh(self) -> bool:
        """Make the page again if the run has changed; return whether it was."""
        runs = runs_in(self.path)
        state = [(run.path, _state(run)) for run in runs]
        if state == self._seen:
            return False
        # Of many runs none is looked into: the page stays quick to make.
        inside = 1 if len(runs) == 1 else 0
        made = build(runs, max_frames=LIVE_FRAMES, inside=inside, live=True)
        self.page = made.text.encode()
        self._seen = state
        self.version += 1
        return True

    def follow(self) -> None:
        """Refresh until stopped; a run caught in the middle of a write is read again later."""
        while not self._stop.wait(self.every):
            started = time.monotonic()
            try:
                self.refresh()
                self.problem = ""
            except NetsciError as error:
                self.problem: str = str(error)
            # Making the page must not take more than a fifth of a core from the training.
            self._stop.wait(4 * (time.monotonic() - started))

    def stop(self) -> None:
        """End `follow`."""
        self._stop.set()


def runs_in(path: str) -> list[Run]:
    """Return the run at a path, or the runs of a sweep: those in the folders of a local one.

    Raises
    ------
    RunError
        If there is neither a run nor a folder with runs.
    """
    try:
        return [load_run(path)]
    except RunError:
        if "://" in path or not os.path.isdir(path):
            raise
        found = []
        for name in sorted(os.listdir(path)):
            if os.path.isfile(os.path.join(path, name, PROVENANCE)):
                found.append(load_run(os.path.join(path, name)))
        if not found:
            raise
        return found


def _state(run: Run) -> tuple[Any, ...]:
    """What changes when a run grows: its tables, its snapshots, its analysis, its status."""
    store = run.store
    marks = [store.state(name) for name in (PROVENANCE, *GROWING)]
    return (*marks, tuple(store.list("analysis")))


class Server(http.server.ThreadingHTTPServer):
    """A server on this machine alone, whose page lies behind a token that cannot be guessed.

    Other users of the machine reach its port, too; without the token they read nothing.
    """

    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: Any):
        self.token: str = secrets.token_urlsafe(16)
        super().__init__(address, handler)

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{HOST}:{self.server_address[1]}/{self.token}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that leave in the middle of an answer."""
        if not isinstance(sys.exc_info()[1], (OSError, ValueError)):
            super().handle_error(request, client_address)


def make_server(watcher: Watcher, port: int = 0) -> Server:
    """Return a server on this machine alone; it knows two addresses and reads no file."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server: Server
        # A client that connects and says nothing, or never reads, is let go.
        timeout = CLIENT_TIMEOUT_S

        def do_GET(self) -> None:
            """Answer ``/token/`` with the page and ``/token/version`` with its number."""
            place, _, name = self.path.removeprefix("/").partition("/")
            known = secrets.compare_digest(place.encode(), self.server.token.encode())
            # A foreign site that lets its name point here must not read the page.
            if self.headers.get("Host") not in _hosts(self.server.server_port):  # type: ignore[attr-defined]
                self._say(HTTPStatus.FORBIDDEN, b"this address is not served here")
            elif known and self.path == f"/{place}/":
                self._say(HTTPStatus.OK, watcher.page, "text/html; charset=utf-8")
            elif known and name == "version":
                self._say(HTTPStatus.OK, str(watcher.version).encode())
            else:
                self._say(HTTPStatus.NOT_FOUND, b"the page has the address that was printed")

        def _say(self, status: HTTPStatus, body: bytes, kind: str = "text/plain") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("X-Frame-Options", "DENY")
            self.send_header("Cross-Origin-Resource-Policy", "same-origin")
            self.send_header("Referrer-Policy", "no-referrer")  # the token stays here
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Stay quiet: the terminal belongs to the training."""

    try:
        server = Server((HOST, port), Handler)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise RunError(f"cannot listen on {HOST}:{port}: {why}; choose another port") from error
    return server


def _hosts(port: int) -> tuple[str, ...]:
    return (f"{HOST}:{port}", f"localhost:{port}")


def watch(
    run: Run | str | os.PathLike[str],
    port: int = 8765,
    every: float = 2.0,
    opened: Any = None,
) -> None:
    """Serve the report of a run, or of a sweep's, on this machine, growing until interrupted.

    Parameters
    ----------
    run
        A run or its path, which may still be training, or the folder of a sweep.
    port
        Where on 127.0.0.1 to listen; 0 takes any free port.
    every
        Seconds between looks at the run.
    opened
        Called once with the address when the page is ready.

    Raises
    ------
    RunError
        If the run does not exist or the port is taken.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from netsci_dst import Snapshot, Topology
    >>> run = Run.create(tempfile.mkdtemp() + "/run", {"seed": 0})
    >>> _ = run.write_snapshot(Snapshot(Topology.chain([np.eye(4)]), step=0))
    >>> def stop(url):
    ...     print(url[:17])
    ...     raise KeyboardInterrupt
    >>> watch(run, port=0, opened=stop)
    http://127.0.0.1:
    """
    watcher = Watcher(run.path if isinstance(run, Run) else os.fspath(run), every)
    watcher.refresh()
    server = make_server(watcher, port)
    follower = threading.Thread(target=watcher.follow, daemon=True)
    follower.start()
    try:
        if opened is not None:
            opened(server.url)
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        pass
    finally:
        watcher.stop()
        server.server_close()
