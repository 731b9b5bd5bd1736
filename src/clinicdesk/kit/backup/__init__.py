"""A whole database and its logins in one encrypted file, and back.

`errors` says why not, `keys` turns what a person keeps into a key, `vault` is the file's outside
(clear header, encryption, checksum), `frames` its inside, `catalog` and `logins` what a database holds,
`dump` writes, `load` restores.
"""

from __future__ import annotations

from clinicdesk.kit.backup.dump import Kept, dump
from clinicdesk.kit.backup.frames import TableSum
from clinicdesk.kit.backup.keys import FileKey, Key, Passphrase, key_of, new_key
from clinicdesk.kit.backup.load import Restored, Verified, check, restore
from clinicdesk.kit.backup.vault import Header

__all__ = [
    "FileKey",
    "Header",
    "Kept",
    "Key",
    "Passphrase",
    "Restored",
    "TableSum",
    "Verified",
    "check",
    "dump",
    "key_of",
    "new_key",
    "restore",
]
