"""The endings of files that hold images or videos, in any case."""

from __future__ import annotations

from pathlib import Path

IMAGE_ENDINGS = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp', '.jpe')
# Of several videos of one name the first of these is taken.
VIDEO_ENDINGS = ('.mp4', '.avi', '.mov', '.mkv', '.webm', '.m4v', '.mpg', '.mpeg', '.mts', '.m2ts',
                 '.ts', '.3gp', '.3g2', '.wmv', '.asf')  # fmt: skip
# Images and videos that nothing here reads: messages name them.
UNREAD_ENDINGS = ('.flv', '.f4v', '.ogv', '.ogg', '.vob', '.mod', '.tod', '.mxf', '.dv', '.insv',
                  '.lrv', '.360', '.braw', '.r3d', '.rm', '.rmvb', '.divx', '.y4m', '.h264',
                  '.264', '.h265', '.265', '.hevc', '.m2v', '.mp4v', '.qt', '.av1', '.ivf', '.gif',
                  '.heic', '.heif', '.avif', '.jfif', '.jxl', '.jp2', '.pgm', '.ppm', '.pnm',
                  '.exr', '.tga', '.raw', '.dng', '.cr2', '.cr3', '.nef', '.arw', '.raf', '.orf',
                  '.rw2', '.bag', '.svo', '.svo2')  # fmt: skip


def is_video(path: Path) -> bool:
    """Whether a file's ending is that of a video."""
    return path.suffix.lower() in VIDEO_ENDINGS


def without_ending(name: str) -> str:
    """A name without the ending of an image or video: ``front`` of ``front.JPG``."""
    stem, dot, ending = name.rpartition('.')
    known = f'.{ending.lower()}' in (*IMAGE_ENDINGS, *VIDEO_ENDINGS, *UNREAD_ENDINGS)
    return stem if dot and stem and known else name
