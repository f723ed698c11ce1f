"""Which camera took an image, as the path of the image tells; for tools that list images."""

from __future__ import annotations

import re
from typing import Sequence

from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.files import PathLike

# Beyond this the images are a walk with one camera, and comparing all names takes minutes.
MAX_CAMERAS = 1000


def path_parts(image: str) -> list[str]:
    """Folders and file name of an image's path, slashes of either kind."""
    return [part for part in re.split(r'[\\/]+', image) if part not in ('', '.')]


def unique(names: Sequence[str]) -> bool:
    """Tell whether all names are there and differ."""
    return all(names) and len(set(names)) == len(names)


def folder_names(images: Sequence[str]) -> list[str]:
    """The name of the folder that each image lies in, empty for none."""
    return [(['', *path_parts(image)])[-2] if path_parts(image) else '' for image in images]


def check_image_count(count: int, path: PathLike) -> None:
    """Refuse more images than a rig can have cameras.

    Raises:
        CalibrationError: There are more than :data:`MAX_CAMERAS`.
    """
    if count > MAX_CAMERAS:
        raise CalibrationError(
            f'{path}: lists {count} images, each of which would be a camera, expected at most '
            f'{MAX_CAMERAS}; keep one image of each camera of the site'
        )


def refuse_names(images: Sequence[str], path: PathLike) -> CalibrationError:
    """The error for images whose paths do not tell their cameras apart."""
    shown = ', '.join(repr(image[:80]) for image in images[:3])
    more = ', ...' if len(images) > 3 else ''
    return CalibrationError(
        f'{path}: neither the file names nor the folders of the images tell the cameras apart '
        f'({shown}{more}); keep one image of each camera, in a folder of its own or with a name '
        'of its own'
    )
