"""Images, videos and archives, by their ending; and hostile ones for the tests of their readers."""

from __future__ import annotations

import io
import struct
import tarfile
import zlib
from pathlib import Path

import cv2
import numpy as np

from mmpose_ours.io.parsers.images import decode_image
from mmpose_ours.io.parsers.video import open_video
from mmpose_ours.workflows.prepare.archives import unpack

FRAMES = 5
CODECS = {'avi': 'MJPG', 'mp4': 'mp4v', 'mov': 'mp4v', 'mkv': 'FFV1', 'webm': 'VP80', 'mpg': 'PIM1',
          'mpeg': 'PIM1', 'ts': 'MPG2', 'mts': 'MPG2', 'm2ts': 'MPG2', '3gp': 'mp4v',
          '3g2': 'mp4v', 'wmv': 'WMV2', 'asf': 'WMV2'}  # fmt: skip


def noise(height: int = 48, width: int = 64, channels: int = 3, kind: type = np.uint8):
    image = np.random.default_rng(0).integers(
        0, np.iinfo(kind).max, (height, width, channels), kind
    )
    image[: height // 2] = image[0, 0]
    return image


def image(name: str, pixels=None, options=()) -> bytes:
    """An image file; ``name`` is its ending, ``progressive`` or ``16 bit``."""
    if name == 'progressive':
        name, options = '.jpg', (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    if name == '16 bit':
        name, pixels = '.tiff', noise(kind=np.uint16)
    return cv2.imencode(name, noise() if pixels is None else pixels, options)[1].tobytes()


def claiming(name: str, width: int, height: int) -> bytes:
    """A small image whose header claims another size."""
    content = image(name, noise(48, 64))
    sizes = {
        '.png': ('>II', (64, 48), (width, height)),
        '.jpg': ('>HH', (48, 64), (height, width)),
        'progressive': ('>HH', (48, 64), (height, width)),
        '.bmp': ('<ii', (64, 48), (width, height)),
    }
    if name == '.webp':
        (bits,) = struct.unpack_from('<I', content, 21)
        bits = bits >> 28 << 28 | (height - 1) << 14 | width - 1
        return content[:21] + struct.pack('<I', bits) + content[25:]
    if name == '.tiff':
        for tag, size in ((256, width), (257, height)):
            at = content.rindex(struct.pack('<H', tag) + struct.pack('<H', 3))
            content = content[: at + 2] + struct.pack('<HII', 4, 1, size) + content[at + 12 :]
        return content
    layout, before, after = sizes[name]
    found = struct.pack(layout, *before)
    assert content.count(found) == 1, name
    content = content.replace(found, struct.pack(layout, *after))
    if name == '.png':
        content = content[:29] + struct.pack('>I', zlib.crc32(content[12:29])) + content[33:]
    return content


def write_video(path: Path, size=(64, 48), frames: int = FRAMES) -> Path:
    codec = cv2.VideoWriter.fourcc(*CODECS[path.suffix[1:]])
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, codec, 25.0, size)
    assert writer.isOpened()
    for index in range(frames):
        writer.write(np.full((size[1], size[0], 3), 40 * index % 256, np.uint8))
    writer.release()
    return path


def avi_of(images: list[bytes], size: tuple[int, int], codec: bytes = b'MJPG', count=None) -> bytes:
    """An AVI file of coded images; its header may claim another size and number of frames."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return name + struct.pack('<I', len(data)) + data + b'\0' * (len(data) % 2)

    count = len(images) if count is None else count
    main = struct.pack('<14I', 40000, 0, 0, 16, count, 0, 1, 0, *size, 0, 0, 0, 0)
    stream = b'vids' + codec
    stream += struct.pack(
        '<IHHIIIIIIIIHHHH', 0, 0, 0, 0, 1, 25, 0, count, 0, 2**32 - 1, 0, 0, 0, *size
    )
    image = struct.pack('<IiiHH4sIiiII', 40, *size, 1, 24, codec, 0, 0, 0, 0, 0)
    header = chunk(b'avih', main)
    header += chunk(b'LIST', b'strl' + chunk(b'strh', stream) + chunk(b'strf', image))
    content = b''.join(chunk(b'00dc', image) for image in images)
    return chunk(
        b'RIFF', b'AVI ' + chunk(b'LIST', b'hdrl' + header) + chunk(b'LIST', b'movi' + content)
    )


def read_video(path: Path) -> int:
    with open_video(path) as video:
        assert video.frame_count >= 0 and video.fps >= 0
        count = 0
        while count < 50:
            _, frame = video.read()
            if frame is None:
                break
            frame.sum()
            count += 1
        return count


def write_archive(path: Path, files=None) -> Path:
    """A tar archive of names and contents; its ending says the compression."""
    mode = {'bz2': 'bz2', 'gz': 'gz', 'xz': 'xz'}.get(path.suffix[1:], '')
    with tarfile.open(path, f'w:{mode}') as tar:
        for name, content in (files or {'top/a.txt': b'a' * 700, 'top/b/c.bin': b'c' * 90}).items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def read_archive(path: Path) -> None:
    import shutil
    import tempfile

    folder = tempfile.mkdtemp(dir=str(path.parent))
    try:
        unpack(path, Path(folder), 'top')
    finally:
        shutil.rmtree(folder)


def _image_sample(name: str):
    def write(folder: Path) -> Path:
        path = folder / f'image{name if name.startswith(".") else ".dat"}'
        path.write_bytes(image(name))
        return path

    return write, lambda path: decode_image(path).sum()


SAMPLES = {
    **{
        f'image {name}': _image_sample(name)
        for name in ('.jpg', 'progressive', '.png', '.bmp', '.tiff', '16 bit', '.webp')
    },
    **{
        f'video .{ending}': (
            lambda folder, ending=ending: write_video(folder / f'video.{ending}'),
            read_video,
        )
        for ending in CODECS
    },
    **{
        f'archive {ending}': (
            lambda folder, ending=ending: write_archive(folder / f'archive{ending}'),
            read_archive,
        )
        for ending in ('.tar', '.tar.gz', '.tar.bz2', '.tar.xz')
    },
}
