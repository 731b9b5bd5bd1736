"""A line to the database that a test can cut: a Unix socket that passes everything on, until it does not."""

from __future__ import annotations

import contextlib
import shutil
import socket
import tempfile
import threading
from pathlib import Path


class Line:
    """Listens where a PostgreSQL socket would, and forwards to the real one."""

    def __init__(self, real: Path) -> None:
        """`real` is the server's socket; the line is up."""
        self._real = real
        self.folder = Path(tempfile.mkdtemp(prefix="cd-line-"))
        self._open: set[socket.socket] = set()
        self._listening: socket.socket | None = None
        self._changing = threading.Lock()
        self.mend()

    def mend(self) -> None:
        """Up again."""
        path = self.folder / self._real.name
        path.unlink(missing_ok=True)
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        path.chmod(0o777)
        self.folder.chmod(0o755)
        self._listening.listen()
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def cut(self) -> None:
        """Every connection breaks, also one just being made, and no new one is taken."""
        with self._changing:
            (self.folder / self._real.name).unlink(missing_ok=True)
            if self._listening is not None:
                with contextlib.suppress(OSError):
                    self._listening.shutdown(socket.SHUT_RDWR)  # what waits to be accepted breaks too
                self._listening.close()
                self._listening = None
            for end in self._open:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Gone for good."""
        self.cut()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                near, _address = listening.accept()
            except OSError:
                return
            with self._changing:
                if self._listening is not listening:
                    near.close()
                    return
                far = socket.socket(socket.AF_UNIX)
                far.connect(str(self._real))
                self._open |= {near, far}
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self._changing:
            self._open -= {source, target}
