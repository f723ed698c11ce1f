"""What an importer yields, how views become a recording, and the joint sets told by their size."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any, Callable, Collection, Iterable, Mapping, NamedTuple, Sequence

import numpy as np

from mmpose_ours.detections.people import finite, to_coco17
from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.keypoints import JOINT_SETS

# Tools name their joint set nowhere in the file: the number of joints tells it.
SETS_BY_SIZE = {17: 'coco17', 18: 'coco18', 25: 'body25', 26: 'halpe26'}
# COCO-WholeBody and Halpe's whole body: COCO's joints first, then feet, face and hands.
COCO_FIRST = (133, 136)


class Found(NamedTuple):
    """The people of one view.

    Args:
        camera: Its name as the tool has it.
        frame: The number of the image.
        people: (P, 17, 3) COCO-17 ``u, v, score``.
        origin: The file, or the place in it, for messages.
    """

    camera: str
    frame: int
    people: np.ndarray
    origin: str


@dataclasses.dataclass(frozen=True)
class Hints:
    """What a reader is told besides the file.

    Args:
        cameras: Names that are wanted; empty where any are.
        sizes: camera -> (width, height) of its images, for normalised keypoints.
        progress: Told how many of how many files are read.
    """

    cameras: Sequence[str] = ()
    sizes: Mapping[str, tuple[int, int]] = dataclasses.field(default_factory=dict)
    progress: Callable[[int, int], None] = lambda done, total: None


def assemble(views: Iterable[Found], path: PathLike) -> dict[str, dict[str, np.ndarray]]:
    """Match the cameras' images by their number.

    Returns:
        frame -> camera -> people, frames in the order of their numbers.

    Raises:
        FileFormatError: A camera has two images of one number.
    """
    frames: dict[int, dict[str, Found]] = {}
    for view in views:
        cameras = frames.setdefault(view.frame, {})
        if view.camera in cameras:
            raise FileFormatError(
                f'{path}: camera {view.camera!r} has frame {view.frame} twice, '
                f'{cameras[view.camera].origin} and {view.origin}; keep one of them'
            )
        cameras[view.camera] = view
    return {
        str(frame): {camera: view.people for camera, view in frames[frame].items()}
        for frame in sorted(frames)
    }


def coco17_from(joints: Any, where: str, coco_first: Collection[int] = COCO_FIRST) -> np.ndarray:
    """People of any known joint set as COCO-17, told by the number of joints.

    Args:
        joints: (P, J, 3) nested lists or an array, ``u, v, score``.
        where: The place in a file, for messages.
        coco_first: Numbers of joints of which the first 17 are COCO's.

    Raises:
        FileFormatError: They are no such numbers, or no joint set has so many joints.
    """
    try:
        people = np.asarray(joints, np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise FileFormatError(
            f'{where}: keypoints are no numbers u, v, score of equally many joints per person '
            f'({error}); export them again'
        ) from error
    if not people.size:
        return np.zeros((0, 17, 3), np.float32)
    if people.ndim != 3 or people.shape[2] != 3:
        raise FileFormatError(
            f'{where}: keypoints have the shape {people.shape}, expected people, joints and '
            'u, v, score; export them again'
        )
    count = people.shape[1]
    people = np.where(finite(people)[..., 2:] > 0, finite(people), 0.0).astype(np.float32)
    if count in coco_first:
        return people[:, : len(JOINT_SETS['coco17'])]
    if count not in SETS_BY_SIZE:
        known = ', '.join(f'{size} ({name})' for size, name in SETS_BY_SIZE.items())
        raise FileFormatError(
            f'{where}: people have {count} joints, expected {known} or {COCO_FIRST} (whole '
            'body); detect with a model of one of these'
        )
    return to_coco17(people, SETS_BY_SIZE[count])


def triples(numbers: Any, where: str) -> list:
    """A flat list ``u, v, score, u, v, score, ...`` as one row per joint.

    Raises:
        FileFormatError: It is no list, or its length no multiple of three.
    """
    if not isinstance(numbers, list) or len(numbers) % 3:
        found = f'{len(numbers)} numbers' if isinstance(numbers, list) else type(numbers).__name__
        raise FileFormatError(
            f'{where}: keypoints are {found}, expected a list of u, v, score for each joint; '
            'export them again'
        )
    return [numbers[start : start + 3] for start in range(0, len(numbers), 3)]


def frame_number(stem: str, where: PathLike) -> int:
    """The last number in an image's name, which is given without its suffix.

    Raises:
        FileFormatError: There is none.
    """
    numbers = re.findall(r'\d+', stem)
    if not numbers:
        raise FileFormatError(
            f'{where}: no frame number in the name {stem!r}; images of one instant must share a '
            'number, as in 000012.jpg'
        )
    return int(numbers[-1])


def split_image_name(name: str) -> tuple[str, int | None]:
    """Camera and number of an image: of ``cam_a/000012.jpg``, ``cam_a_000012.jpg``.

    Returns:
        The camera, '' where the name does not tell; the number, None where there is none.
    """
    path = Path(name.replace('\\', '/'))
    parts = re.fullmatch(r'(?:(.*)[_.-])?(\d+)', path.stem)
    if path.parent.name:
        numbers = re.findall(r'\d+', path.stem)
        return path.parent.name, int(numbers[-1]) if numbers else None
    return (parts[1] or '', int(parts[2])) if parts else ('', None)
