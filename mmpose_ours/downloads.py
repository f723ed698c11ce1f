"""Checkpoints that come from a model zoo: their names, and whether they came whole.

This module does **not** download anything.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from mmpose_ours.errors import FileFormatError, PathLike

# The VoxelPose checkpoints in the model zoo of MMPose 0.29, without the digits and the date
# that end their names, and the config that each goes with.
CONFIG_OF = {
    'voxelpose_prn64x64x64_cpn80x80x20_panoptic_cam5': 'configs/panoptic/{}.py',
    'voxelpose_prn32x32x32_cpn80x80x20_campus_cam3': 'configs/campus/{}.py',
    'voxelpose_prn64x64x64_cpn80x80x20_campus_cam3': 'configs/campus/{}.py',
    'voxelpose_prn32x32x32_cpn48x48x12_shelf_cam5': 'configs/shelf/{}.py',
    'voxelpose_prn64x64x64_cpn80x80x20_shelf_cam5': 'configs/shelf/{}.py',
}

# name-<first digits of the SHA-256>_<date>.pth, as OpenMMLab's publish_model.py names files.
_PUBLISHED = re.compile(r'(?P<name>.+)-(?P<digits>[0-9a-f]{8})_\d{8}\.pth')
_AGAIN = 'download or copy it again'


def config_for(path: PathLike) -> str | None:
    """The config that a checkpoint of the model zoo goes with, by its name; None for others."""
    name = Path(path).stem
    stem = next((known for known in CONFIG_OF if name.startswith(known)), None)
    return None if stem is None else CONFIG_OF[stem].format(stem)


def check_whole(path: PathLike) -> None:
    """Refuse what is no checkpoint at all, and a published one that is not as it was published.

    Args:
        path: A local file. Where its name ends in digits of its SHA-256, as those of the model
            zoo do, these are compared.

    Raises:
        FileFormatError: It is a folder, empty, a web page, or not what was published.
        FileNotFoundError: There is no such file.
    """
    path = Path(path)
    if path.is_dir():
        inside = sorted(entry.name for entry in path.glob('*.pth'))[:3]
        names = f'it holds {", ".join(inside)}' if inside else 'it holds no .pth file'
        raise FileFormatError(f'{path}: a folder, expected a checkpoint file; {names}')
    with open(path, 'rb') as file:
        start = file.read(512).lstrip()
    if not path.stat().st_size:
        raise FileFormatError(f'{path}: an empty file, expected a checkpoint; {_AGAIN}')
    if start.lower().startswith((b'<!doctype', b'<html', b'<?xml', b'<head')):
        raise FileFormatError(
            f'{path}: a web page (it begins with {start[:15].decode("ascii", "replace")!r}), '
            'expected a checkpoint; open it in a browser to see what the server had to say, then '
            f'{_AGAIN}'
        )
    published = _PUBLISHED.fullmatch(path.name)
    if published and not (found := _sha256(path)).startswith(published['digits']):
        raise FileFormatError(
            f'{path}: damaged: its SHA-256 begins with {found[:8]}, expected '
            f'{published["digits"]} as its name says; {_AGAIN}; whoever changed it on purpose '
            'takes these digits out of the name'
        )


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
