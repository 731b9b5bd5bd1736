"""Bring the server up and take it down. Everything here runs with the home's lock held."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

from clinicdesk.kit.embedded.account import Account, clean_environment, require_reach
from clinicdesk.kit.embedded.binaries import programs_for
from clinicdesk.kit.embedded.config import as_arguments, house_rules
from clinicdesk.kit.embedded.errors import (
    BinariesUnusable,
    DidNotStart,
    DidNotStop,
    StillStarting,
    WrongAccount,
)
from clinicdesk.kit.embedded.layout import Layout, private_folder, socket_folder
from clinicdesk.kit.embedded.probe import answers, socket_path
from clinicdesk.kit.embedded.process import (
    PID_FILE,
    POLL_SECONDS,
    READY,
    PidFile,
    gone,
    heads,
    lives,
    members,
    read_pid_file,
    send,
    serves,
)
from clinicdesk.kit.embedded.serverlog import last_word, prune, start_complaints

START_SECONDS = 60.0
FAST_STOP_SECONDS = 30.0
HARD_STOP_SECONDS = 10.0
SILENCE_SECONDS = 5.0
MOST_LAUNCHES = 8  # of one start
# `&` hands the server to init, so that it outlives the caller and never becomes the caller's zombie.
LAUNCH = 'umask 077; log=$1; shift; "$@" >"$log" 2>&1 & echo $!'
# The remains of a killed server, or another desk's server that was quicker: both pass.
PASSING = ("pre-existing shared memory block", "already exists")


def running(layout: Layout) -> PidFile | None:
    """The pid file of the living server, if there is one; also one that only its socket shows to be alive."""
    written = read_pid_file(layout.data)
    if written is None:
        return None
    if serves(written.pid, layout.data):
        return written
    seen = written.socket_dir is not None and answers(written.socket_dir)
    return written if seen else None


def bring_up(layout: Layout, account: Account, *, durable: bool) -> PidFile:
    """Start the cluster's server and wait until it is ready; a server already up is only waited for.

    Raises `DidNotStart`, `StillStarting`, `BinariesUnusable`, `WrongAccount`.
    """
    deadline = time.monotonic() + START_SECONDS
    launches = 0
    while True:
        alive = running(layout)
        if alive is None:
            launches += 1
        pid = alive.pid if alive else _launch(layout, account, durable=durable)
        if (ready := _wait_ready(layout, pid, deadline)) is not None:
            return ready
        if alive is None and (launches >= MOST_LAUNCHES or not _passes(layout)):
            raise DidNotStart(reason=last_word(layout.log) or "-", log=layout.log)
        time.sleep(0.1)


def _passes(layout: Layout) -> bool:
    """Whether the next launch may go better: a reason that passes, or killed before it could say a word."""
    complaints = start_complaints(layout.log)
    return not complaints or any(reason in complaints[-1] for reason in PASSING)


def _wait_ready(layout: Layout, pid: int, deadline: float) -> PidFile | None:
    """The pid file once it says ready; None when the server is gone. Polls a file, so the log stays quiet."""
    while time.monotonic() < deadline:
        written = running(layout)
        if written is not None and written.state == READY:
            if _reachable(written):
                return written
            take_down(layout)  # its socket was swept away: nobody can ever reach it again
            return None
        if written is None and not lives(pid):
            return None
        time.sleep(POLL_SECONDS)
    raise StillStarting


def _reachable(written: PidFile) -> bool:
    return written.socket_dir is not None and (
        answers(written.socket_dir) or socket_path(written.socket_dir).exists()
    )


def _launch(layout: Layout, account: Account, *, durable: bool) -> int:
    """Start the server in a session of its own, without any file or terminal of the caller; its pid."""
    clear_remains(layout)
    require_reach(account, layout.home)
    programs = programs_for(layout, account)
    private_folder(layout.log, account)
    prune(layout.log)
    folder = socket_folder(layout, account)
    _unlock_socket(folder)
    rules = house_rules(layout, folder, durable=durable)
    server = [str(programs / "postgres"), "-D", str(layout.data), *as_arguments(rules)]
    other = account.is_other
    shell = subprocess.Popen(  # noqa: S603 - our own paths, passed as arguments and never as shell text
        ["/bin/sh", "-c", LAUNCH, "sh", str(layout.start_log), *server],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=clean_environment(),
        user=account.uid if other else None,
        group=account.gid if other else None,
        extra_groups=[] if other else None,
        start_new_session=True,
        text=True,
    )
    told, _ = shell.communicate(timeout=START_SECONDS)
    if not told.strip().isdecimal():
        raise BinariesUnusable(account=account.name, path=programs, detail=told.strip() or shell.returncode)
    return int(told)


def take_down(layout: Layout) -> bool:
    """Stop the server and everything it left; whether it was up. Raises `DidNotStop`, `WrongAccount`."""
    written = running(layout)
    if written is not None and serves(written.pid, layout.data):
        everyone = (written.pid, *members(layout.data))
        _end(written.pid, everyone, layout.data)
    elif written is not None:
        _await_silence(layout, written.pid)
    clear_remains(layout)
    return written is not None


def _end(pid: int, everyone: tuple[int, ...], data: Path) -> None:
    """Fast shutdown; then as after a power cut (the log makes it whole); then by force."""
    for number, seconds in (
        (signal.SIGINT, FAST_STOP_SECONDS),
        (signal.SIGQUIT, HARD_STOP_SECONDS),
        (signal.SIGKILL, HARD_STOP_SECONDS),
    ):
        _signal(pid, number)
        if gone(everyone, data, seconds):
            return
    raise DidNotStop(pid=pid)


def _await_silence(layout: Layout, pid: int) -> None:
    """Its socket answers, yet it is not to be seen: it is just dying, or lives in another container."""
    deadline = time.monotonic() + SILENCE_SECONDS
    while running(layout) is not None:
        if time.monotonic() > deadline:
            raise DidNotStop(pid=pid)
        time.sleep(POLL_SECONDS)


def clear_remains(layout: Layout) -> None:
    """With no server alive: end orphans of a killed one, and drop the files that would fool the next one."""
    left, whole = members(layout.data), heads(layout.data)
    for pid in whole:  # alive, but its pid file was taken away
        _signal(pid, signal.SIGINT)
    if whole and gone(left, layout.data, FAST_STOP_SECONDS):
        left = ()
    for number in (signal.SIGQUIT, signal.SIGKILL):
        for pid in left:
            _signal(pid, number)
        if gone(left, layout.data, HARD_STOP_SECONDS):
            break
    (layout.data / PID_FILE).unlink(missing_ok=True)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        send(pid, number)
    except PermissionError:
        raise WrongAccount(path=f"/proc/{pid}", owner=Account.owner_of(Path(f"/proc/{pid}"))) from None


def _unlock_socket(folder: Path) -> None:
    """A socket lock names a pid; where that number lives on as something else the server would refuse."""
    socket = socket_path(folder)
    for leftover in (socket, socket.with_name(socket.name + ".lock")):
        leftover.unlink(missing_ok=True)
