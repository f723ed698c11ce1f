"""Images, decoded after a look at their headers: the only way an image enters the package."""

from __future__ import annotations

import contextlib

import numpy as np

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.disk.regular_files import read_regular
from mmpose_ours.io.limits import limits
from mmpose_ours.io.parsers.image_headers import read_image_header

# Progressive JPEGs have about ten; each costs as much time as all pixels, however little it holds.
MAX_SCANS = 40


def decode_image(path: PathLike) -> np.ndarray:
    """Read an image as it is stored; of several pages the first.

    Args:
        path: A regular file: JPEG, PNG, BMP, TIFF or WebP, whatever its ending.

    Returns:
        (H, W) grey or (H, W, 3) BGR, 8 or 16 bit.

    Raises:
        FileFormatError: It is none of these, cannot be decoded, or breaks off.
        LimitError: It has more bytes or pixels than :class:`mmpose_ours.io.limits.Limits` allow.
            Nothing was decoded then.
        OSError: It cannot be read, or is no regular file.
    """
    import cv2

    # Not cv2.imread, which cannot open names beyond ASCII on every system.
    content = read_regular(path, 'image_bytes')
    if not content:
        raise _undecodable(path, 'is empty', 'damaged')
    header = read_image_header(content)
    if header is None:
        raise _undecodable(path, 'is no image (JPEG, PNG, BMP, TIFF or WebP)', 'file-format')
    limits().check('image_pixels', header.width * header.height, 'pixels', path)
    if header.unsupported or header.scans > MAX_SCANS:
        what = header.unsupported or f'{header.scans} scans'
        raise FileFormatError(
            f'{path}: a {header.format} image with {what}, expected a plain image of 8 or 16 bits '
            'per sample; export it again',
            code='cannot-express',
            file=path,
            found=what,
        )
    # Some OpenCV fill up what is missing of a JPEG or PNG with grey or black, and say nothing.
    if _breaks_off(content):
        raise _undecodable(path, 'breaks off', 'damaged')
    image = None
    with contextlib.suppress(cv2.error):
        flags = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH
        image = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    if image is None or image.dtype not in (np.uint8, np.uint16):
        what = f'is a broken or unsupported {header.format} image'
        raise _undecodable(path, what, 'damaged')
    return image


def _undecodable(path: PathLike, what: str, code: str) -> FileFormatError:
    return FileFormatError(
        f'{path}: {what}, so it cannot be decoded; copy or export it again',
        code=code,
        file=path,
        found=what,
    )


def _breaks_off(content: bytes) -> bool:
    """Whether a JPEG or PNG has no end in its second half."""
    half = len(content) // 2
    if content[:2] == b'\xff\xd8':
        return content.find(b'\xff\xd9', half) < 0
    return content[:4] == b'\x89PNG' and content.find(b'IEND', half) < 0
