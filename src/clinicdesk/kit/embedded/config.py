"""What the server is told: pure text, so that a test can read every rule without a server."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from clinicdesk.kit.embedded.layout import PORT, Layout

MIB = 1024 * 1024
PLAIN_WORD = re.compile(r"[a-z_][a-z0-9_-]*")
KEYWORDS = {"all", "replication", "sameuser", "samerole", "samegroup"}


def hba_text(superuser: str) -> str:
    """Two doors: the machine's owner by account, everybody else by SCRAM. No host line, no trust."""
    return (
        "# Escrito por clinicdesk. Con «trust» el servidor no arranca.\n"
        f"local all {quoted(superuser)} peer map=owner\n"
        "local all all scram-sha-256\n"
    )


def ident_text(superuser: str, account: str) -> str:
    """The accounts that are the owner: the one that runs the server, and root."""
    names = dict.fromkeys((account, "root"))
    return "".join(f"owner {quoted(name)} {quoted(superuser)}\n" for name in names)


def quoted(word: str) -> str:
    """A word of pg_hba.conf or pg_ident.conf that means itself, never a keyword, list or pattern."""
    if PLAIN_WORD.fullmatch(word) and word not in KEYWORDS:
        return word
    if any(char in word for char in '"\n\r\0'):
        message = f"not a name: {word!r}"
        raise ValueError(message)
    return f'"{word}"'


def unproven_rules(hba: str) -> tuple[str, ...]:
    """The lines of a pg_hba.conf that let somebody in without proof, or that take rules from elsewhere."""
    return tuple(rule for rule in _rules(hba) if _is_unproven(rule))


def _is_unproven(rule: str) -> bool:
    words = rule.replace('"', " ").replace(",", " ").split()
    return "trust" in words or words[0].startswith(("include", "@"))


def foreign_rules(hba: str, superuser: str) -> tuple[str, ...]:
    """The lines that are not the two we write."""
    ours = set(_rules(hba_text(superuser)))
    return tuple(rule for rule in _rules(hba) if rule not in ours)


def _rules(hba: str) -> Iterator[str]:
    """Lines that count: continuation lines joined as PostgreSQL joins them, comments cut, spaces evened."""
    for line in hba.replace("\\\n", "").splitlines():
        if rule := " ".join(line.split("#", 1)[0].split()):
            yield rule


def tuning() -> dict[str, str]:
    """First values of what an administrator may change in postgresql.conf: about 24 desks on one machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "max_connections": "200",
        "shared_buffers": f"{_between(64, memory // 16 // MIB, 256)}MB",
        "effective_cache_size": f"{_between(128, memory // 2 // MIB, 16384)}MB",
        "maintenance_work_mem": f"{_between(32, memory // 32 // MIB, 256)}MB",
        "work_mem": "8MB",
        "wal_compression": "pglz",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }


def _between(low: int, value: int, high: int) -> int:
    return max(low, min(value, high))


def house_rules(layout: Layout, socket_dir: Path, *, durable: bool) -> dict[str, str]:
    """What neither postgresql.conf nor ALTER SYSTEM may change: given on the server's command line.

    The log keeps who changed what (`log_statement`), but no values: parameters, the text of failed
    statements and the DETAIL of broken constraints would carry names, documents and password verifiers.
    """
    rules = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": f'"{socket_dir}"',
        "unix_socket_permissions": "0700",
        "hba_file": str(layout.hba),
        "ident_file": str(layout.ident),
        "password_encryption": "scram-sha-256",
        "lc_messages": "C",
        "logging_collector": "on",
        "log_destination": "stderr",
        "log_directory": str(layout.log),
        "log_filename": "postgresql-%Y-%m-%d.log",
        "log_file_mode": "0600",
        "log_rotation_age": "1d",
        "log_rotation_size": "0",
        "log_line_prefix": "%m [%p] %q%u@%d %a ",
        "log_statement": "mod",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
    }
    return (
        rules
        if durable
        else rules | dict.fromkeys(("fsync", "full_page_writes", "synchronous_commit"), "off")
    )


def as_arguments(settings: dict[str, str]) -> list[str]:
    """`-c name=value` for initdb and postgres."""
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
