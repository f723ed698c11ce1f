"""Which camera took an image, as the path of the image tells; for tools that list images."""

from __future__ import annotations

import collections
import re
from typing import Sequence

from mmpose_ours.calibration.errors import CalibrationError, check_limit
from mmpose_ours.errors import PathLike

_ENDINGS = ('png', 'jpg', 'jpeg', 'exr', 'bmp', 'tif', 'tiff', 'webp', 'tga', 'bin', 'npy', 'ppm',
            'pgm', 'jp2', 'heic', 'dng')  # fmt: skip


def path_parts(image: str) -> list[str]:
    """Folders and file name of an image's path, slashes of either kind."""
    return [part for part in re.split(r'[\\/]+', image) if part not in ('', '.')]


def unique(names: Sequence[str]) -> bool:
    """Tell whether all names are there and differ."""
    return all(names) and len(set(names)) == len(names)


def name_cameras(images: Sequence[str], path: PathLike) -> list[str]:
    """A name for the camera of each image.

    That is the name of the innermost folder that differs between all images, where there is one,
    else the name of the file without its ending. Of a single image it is the file's: its folder
    tells nothing apart.

    Args:
        images: Their paths, one image for each camera.
        path: The file that lists them, for messages.

    Raises:
        CalibrationError: The paths do not tell the cameras apart.
    """
    parts = [['', *path_parts(image)] for image in images]
    files = [names[-1] for names in parts]
    if len(images) > 1:
        for level in range(2, min(map(len, parts))):
            folders = [names[-level] for names in parts]
            if unique(folders):
                return folders
    if not unique(files):
        raise _refuse_names(images, path)
    return without_endings(files)


def without_endings(files: Sequence[str]) -> list[str]:
    """Names of cameras from file names, no two of which are the same.

    ``front.jpg`` is ``front``; ``front.jpg`` and ``front.png`` of one list stay as they are.
    """
    stems = [stem(file) for file in files]
    count = collections.Counter(stems)
    names = [stem if count[stem] == 1 else file for stem, file in zip(stems, files)]
    return names if unique(names) or not unique(files) else list(files)


def with_ending(name: str) -> str:
    """A file name from which :func:`without_endings` makes the name of the camera again."""
    return name if stem(name) == name else f'{name}.png'


def stem(name: str) -> str:
    """A file name without the ending of an image; Blender's have none, but may hold dots."""
    start, dot, ending = name.rpartition('.')
    return start if dot and start and ending.lower() in _ENDINGS else name


def check_image_count(count: int, path: PathLike) -> None:
    """Refuse more images than a rig can have cameras.

    Raises:
        CalibrationLimitError: There are more.
    """
    check_limit('cameras', count, 'images, each of which would be a camera,', path)


def _refuse_names(images: Sequence[str], path: PathLike) -> CalibrationError:
    """The error for images whose paths do not tell their cameras apart."""
    shown = ', '.join(repr(image[:80]) for image in images[:3])
    more = ', ...' if len(images) > 3 else ''
    return CalibrationError(
        f'{path}: neither the file names nor the folders of the images tell the cameras apart '
        f'({shown}{more}); keep one image of each camera, in a folder of its own or with a name '
        'of its own',
        code='ambiguous',
        file=path,
        found=list(images),
    )
