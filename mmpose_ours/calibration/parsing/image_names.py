"""Which camera took an image, as the path of the image tells; for tools that list images."""

from __future__ import annotations

import re
from typing import Sequence

from mmpose_ours.calibration.errors import CalibrationError, check_limit
from mmpose_ours.errors import PathLike

_ENDINGS = ('png', 'jpg', 'jpeg', 'exr', 'bmp', 'tif', 'tiff', 'webp', 'tga', 'bin', 'npy')


def path_parts(image: str) -> list[str]:
    """Folders and file name of an image's path, slashes of either kind."""
    return [part for part in re.split(r'[\\/]+', image) if part not in ('', '.')]


def unique(names: Sequence[str]) -> bool:
    """Tell whether all names are there and differ."""
    return all(names) and len(set(names)) == len(names)


def name_cameras(images: Sequence[str], path: PathLike, endings: bool) -> list[str]:
    """A name for the camera of each image.

    That is the name of its folder where every image lies in one and the folders differ, else
    the name of its file. Of a single image it is the file's: its folder tells nothing apart.

    Args:
        images: Their paths, one image for each camera.
        path: The file that lists them, for messages.
        endings: Whether a file's name keeps the ending of an image. COLMAP's images are
            written by the camera's name as it is, nerfstudio's with an ending put behind it.

    Raises:
        CalibrationError: The paths do not tell the cameras apart.
    """
    parts = [['', *path_parts(image)] for image in images]
    folders = [''.join(names[-2:-1]) for names in parts]
    if len(images) > 1 and unique(folders):
        return folders
    files = [names[-1] if endings else stem(names[-1]) for names in parts]
    if not unique(files):
        raise _refuse_names(images, path)
    return files


def stem(name: str) -> str:
    """A file name without the ending of an image; Blender's have none, but may hold dots."""
    start, dot, ending = name.rpartition('.')
    return start if dot and ending.lower() in _ENDINGS else name


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
