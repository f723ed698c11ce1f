"""How much a file may cost: one table of limits for every reader, and one setting to change it.

The defaults let rigs of 4,000 cameras and recordings of ten hours through. ``MMPOSE_OURS_LIMITS``
changes them for a program: ``MMPOSE_OURS_LIMITS=image_pixels=900M,cameras=20000``. In Python,
:func:`limited` changes them for a block.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import re
from typing import Iterator

from mmpose_ours.errors import InputError, LimitError, PathLike

VARIABLE = 'MMPOSE_OURS_LIMITS'
_FACTORS = {'': 1, 'k': 10**3, 'M': 10**6, 'G': 10**9}


@dataclasses.dataclass(frozen=True)
class Limits:
    """The largest inputs that are read. Sizes are bytes on disk unless said otherwise."""

    #: A calibration as JSON or XML; 4,000 cameras are about 10 MB.
    calibration_bytes: int = 32 * 10**6
    #: A calibration as TOML or YAML, whose parsers are slow.
    slow_text_bytes: int = 6 * 10**6
    #: Values of one parsed calibration: numbers, texts, lists and mappings.
    nodes: int = 10**6
    #: A calibration that is read record by record: COLMAP's, with its keypoints.
    model_bytes: int = 2 * 10**9
    #: Lists or mappings within each other.
    depth: int = 100
    #: Cameras of a rig, or files of its folder.
    cameras: int = 10_000
    #: A config.
    config_bytes: int = 16 * 10**6
    #: Any other JSON file, 2D keypoints first of all.
    json_bytes: int = 2 * 10**9
    #: A text of numbers: BVH, TRC, tables of 2D keypoints. An hour of motion capture is about
    #: 100 MB.
    motion_bytes: int = 500 * 10**6
    #: One frame of a keypoint journal, or one image's text; 4,000 views of ten people are about
    #: 20 MB.
    record_bytes: int = 64 * 10**6
    #: A pickle.
    pickle_bytes: int = 10**9
    #: Operations of a pickle, some thirty for each array; and values that it unfolds to.
    pickle_operations: int = 10**7
    #: A MAT file, and what it unpacks to.
    mat_bytes: int = 64 * 10**6
    #: Arrays of a MAT file, those in cells and structs included; Campus' 2.3 MB have 20,000.
    mat_arrays: int = 300_000
    #: Frames of a recording.
    frames: int = 4 * 10**6
    #: People of one view in one frame.
    people_per_view: int = 1000
    #: Detections of one view that are compared with those of other views, the surest first; more
    #: are left out with a note. And of all views together: with many cameras, fewer of each.
    compared_per_view: int = 50
    compared_per_frame: int = 4000
    #: Unpacked bytes of one array of an ``.npz``.
    array_bytes: int = 16 * 10**9
    #: Unpacked bytes of one array for each byte of the file, beyond the first 64 MB.
    unpack_ratio: int = 100
    #: An image.
    image_bytes: int = 10**9
    #: Pixels of one image or video frame. The largest industrial cameras have 150 million; raise
    #: it for them, decoding takes 10 bytes a pixel.
    image_pixels: int = 100 * 10**6
    #: Bytes of one unpacked archive.
    archive_bytes: int = 200 * 10**9
    #: Members of one archive.
    archive_members: int = 10**6
    #: A checkpoint, and operations of its pickle: some thirty for each tensor.
    checkpoint_bytes: int = 8 * 10**9
    checkpoint_operations: int = 2 * 10**6

    def check(self, name: str, found: float, what: str, file: PathLike | None = None) -> None:
        """Refuse what exceeds a limit.

        Args:
            name: The limit.
            found: How much there is.
            what: What is counted, e.g. ``'pixels'``.
            file: Where.

        Raises:
            LimitError: ``found`` is more than the limit.
        """
        allowed = getattr(self, name)
        if found > allowed:
            raise LimitError(file, name, found, allowed, what)


_changed: list[Limits] = []


def limits() -> Limits:
    """The limits that hold now.

    Raises:
        InputError: ``MMPOSE_OURS_LIMITS`` is not a list of ``name=number``.
    """
    return _changed[-1] if _changed else _parse(os.environ.get(VARIABLE, ''))


@contextlib.contextmanager
def limited(**changes: int) -> Iterator[Limits]:
    """Change limits for a block.

    Args:
        **changes: Fields of :class:`Limits`.
    """
    _changed.append(dataclasses.replace(limits(), **changes))
    try:
        yield _changed[-1]
    finally:
        _changed.pop()


@functools.lru_cache(maxsize=8)
def _parse(text: str) -> Limits:
    known = [field.name for field in dataclasses.fields(Limits)]
    changes = {}
    for part in filter(None, re.split(r'[,\s]+', text)):
        name, _, value = part.partition('=')
        number = re.fullmatch(r'(\d+(?:\.\d+)?)([kMG]?)', value)
        if name not in known or number is None:
            raise InputError(
                f'{VARIABLE}: {part[:60]!r} is not name=number (k, M, G may follow the number); '
                f'the names are {", ".join(known)}',
                code='unknown-name' if name not in known else 'invalid-input',
                found=part,
                expected=known,
            )
        changes[name] = int(float(number[1]) * _FACTORS[number[2]])
    return Limits(**changes)
