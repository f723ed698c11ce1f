"""Links in the place of a file that is written.

A folder from elsewhere may hold a link of the name that a program gives its output, and the link
may lead to any file of the user's. So a link is followed within its folder only.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from mmpose_ours.errors import PathLike


class LinkError(PermissionError):
    """A link is where a file is to be written, and leads out of its folder."""


def behind_link(path: PathLike) -> Path:
    """Where a file is written: behind a link that stays in its folder, or else right there.

    Links of folders are the user's to set; they are followed.

    Raises:
        LinkError: ``path`` is a link that leads elsewhere, whether a file is there or not.
        OSError: Links lead to each other.
    """
    link = Path(path)
    if not link.is_symlink():
        return link
    target = Path(os.path.realpath(link))
    if target.is_symlink():  # where links lead to each other, realpath ends at one
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), os.fspath(path))
    if Path(os.path.realpath(link.parent)) not in target.parents:
        raise LinkError(errno.EPERM, f'is a link out of its folder, to {target}', os.fspath(path))
    return target
