"""Checkpoints from a model zoo or the web: names, where they are kept, whether they came whole."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import urllib.parse
from pathlib import Path

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.disk.regular_files import open_regular
from mmpose_ours.io.http_files import download, public_part

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
# name-<first digits of the SHA-256>.pth, as torchvision names files.
_OF_TORCHVISION = re.compile(r'(?P<name>.+)-(?P<digits>[0-9a-f]{8,64})\.pth')
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
        raise FileFormatError(
            f'{path}: a folder, expected a checkpoint file; {names}', file=path, found=inside
        )
    with open_regular(path) as file:
        start = file.read(512).lstrip()
    if not path.stat().st_size:
        raise FileFormatError(
            f'{path}: an empty file, expected a checkpoint; {_AGAIN}', code='damaged', file=path
        )
    if start.lower().startswith((b'<!doctype', b'<html', b'<?xml', b'<head')):
        raise FileFormatError(
            f'{path}: a web page (it begins with {start[:15].decode("ascii", "replace")!r}), '
            'expected a checkpoint; open it in a browser to see what the server had to say, then '
            f'{_AGAIN}',
            file=path,
            found=start[:15].decode('ascii', 'replace'),
        )
    published = _PUBLISHED.fullmatch(path.name)
    if published:
        _check_digits(path, published['digits'], str(path))


def _check_digits(path: Path, digits: str, shown: str) -> None:
    found = _sha256(path)
    if not found.startswith(digits):
        raise FileFormatError(
            f'{shown}: damaged: its SHA-256 begins with {found[: len(digits)]}, expected {digits} '
            f'as its name says; {_AGAIN}; if it was changed on purpose, take these digits out of '
            'the name',
            code='damaged',
            file=shown,
            found=found,
            expected=digits,
        )


def fetch(url: str, of_torchvision: bool = False) -> Path:
    """Download a checkpoint, unless it was before.

    Args:
        url: Of http or https.
        of_torchvision: Whether digits at the end of its name begin its SHA-256, as they do in
            torchvision's names; those of OpenMMLab are recognised anyway.

    Returns:
        The file, in torch's folder of downloaded checkpoints.

    Raises:
        DownloadError, LimitError: See :func:`~mmpose_ours.io.http_files.download`.
        FileFormatError: It is another file than its name says.
        OSError: It cannot be kept.
    """
    last = urllib.parse.unquote(urllib.parse.urlsplit(url).path).rpartition('/')[2]
    name = re.sub(r'[^\w.-]', '_', last, flags=re.ASCII).lstrip('.')[-100:] or 'checkpoint.pth'
    matched = _PUBLISHED.fullmatch(name) or (of_torchvision and _OF_TORCHVISION.fullmatch(name))
    digits = matched['digits'] if matched else None
    folder = _cache()
    # Two servers may have files of one name, so what has no digits is kept by its address.
    place = folder / hashlib.sha256(url.encode()).hexdigest()[:16] / name
    for known in (place, folder / name):
        if known.is_file() and (_sha256(known).startswith(digits) if digits else known == place):
            return known
    if digits is None and urllib.parse.urlsplit(url).scheme == 'http':
        print(
            f'warning: {public_part(url)}: over http anybody on the way can change a file, and '
            'its name has no checksum; use https where there is',
            file=sys.stderr,
        )

    def check(path: Path) -> None:
        if digits:
            _check_digits(path, digits, public_part(url))

    download(url, place, 'checkpoint_bytes', check)
    return place


def _cache() -> Path:
    """Where torch keeps the checkpoints that it downloads."""
    cache = os.environ.get('XDG_CACHE_HOME') or '~/.cache'
    home = os.environ.get('TORCH_HOME') or os.path.join(cache, 'torch')
    return Path(home).expanduser() / 'hub' / 'checkpoints'


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open_regular(path) as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
