"""What a reader yields, how views become a recording, and skeletons by number of joints."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any, Callable, Collection, Iterable, Mapping, NamedTuple, Sequence

import numpy as np

from mmpose_ours.detections.arrays import finite, to_coco17
from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.json_values import Place, checked_name, checked_whole, numbers
from mmpose_ours.io.limits import limits
from mmpose_ours.structures.skeletons import SKELETONS

# Tools name their skeleton nowhere in the file: the number of joints tells it.
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
    """What a reader is given besides the file.

    Args:
        cameras: Names that are wanted; empty where any are.
        sizes: camera -> (width, height) of its images, for normalised keypoints.
        progress: Called with how many of how many files are read.
    """

    cameras: Sequence[str] = ()
    sizes: Mapping[str, tuple[int, int]] = dataclasses.field(default_factory=dict)
    progress: Callable[[int, int], None] = lambda done, total: None


def assemble(views: Iterable[Found], path: PathLike) -> dict[str, dict[str, np.ndarray]]:
    """Match the cameras' images by their number.

    Returns:
        frame -> camera -> people, frames in the order of their numbers.

    Raises:
        FileFormatError: A camera has two images of one number, or its name is empty or too long.
        LimitError: There are too many frames or cameras.
    """
    frames: dict[int, dict[str, Found]] = {}
    names: set[str] = set()
    for view in views:
        if view.camera not in names:
            names.add(checked_name(view.camera, Place(path, 'the name of a camera')))
            limits().check('cameras', len(names), 'cameras', path)
        cameras = frames.setdefault(view.frame, {})
        limits().check('frames', len(frames), 'frames', path)
        if view.camera in cameras:
            raise FileFormatError(
                f'{path}: camera {view.camera!r} has frame {view.frame} twice, '
                f'{cameras[view.camera].origin} and {view.origin}; keep one of them',
                file=path,
                camera=view.camera,
                frame=view.frame,
                found=[cameras[view.camera].origin, view.origin],
            )
        cameras[view.camera] = view
    return {
        str(frame): {camera: view.people for camera, view in frames[frame].items()}
        for frame in sorted(frames)
    }


def coco17_from(
    people: Sequence[np.ndarray], place: Place, coco_first: Collection[int] = COCO_FIRST
) -> np.ndarray:
    """People of any known skeleton as COCO-17, recognised by the number of joints.

    Args:
        people: (J, 3) each, ``u, v, score``.
        place: Where they stand.
        coco_first: Numbers of joints of which the first 17 are COCO's.

    Raises:
        FileFormatError: They have different numbers of joints, or no skeleton has so many.
        LimitError: There are too many people.
    """
    limits().check('people_per_view', len(people), 'people of one view', place.file)
    if not len(people):
        return np.zeros((0, 17, 3), np.float32)
    counts = sorted({len(person) for person in people})
    known = ', '.join(f'{size} ({name})' for size, name in SETS_BY_SIZE.items())
    expected = f'{known} or {COCO_FIRST} (whole body)'
    if len(counts) > 1:
        raise place.error(f'has people of {counts[0]} and of {counts[-1]} joints', expected)
    (count,) = counts
    if count not in coco_first and count not in SETS_BY_SIZE:
        fix = 'detect with a model of one of these'
        raise place.error(f'has people of {count} joints', expected, fix)
    found = finite(np.stack(people))
    found = np.where(found[..., 2:] > 0, found, 0.0).astype(np.float32)
    if count in coco_first:
        return found[:, : len(SKELETONS['coco17'])]
    return to_coco17(found, SETS_BY_SIZE[count])


def triples(values: Any, place: Place) -> np.ndarray:
    """A flat list ``u, v, score, u, v, score, ...`` as (J, 3), one row per joint.

    Raises:
        FileFormatError: It is not a list of numbers, or its length is no multiple of three.
    """
    flat = numbers(values, (None,), place)
    if len(flat) % 3:
        raise place.error(f'has {len(flat)} numbers', 'u, v, score for each joint')
    return flat.reshape(-1, 3)


def frame_number(stem: str, place: Place) -> int:
    """The last number in an image's name, which is given without its suffix.

    Raises:
        FileFormatError: There is none, or it has more than 18 digits or so.
    """
    digits = re.findall(r'\d+', stem)
    if not digits:
        raise place.error(
            f'has no frame number in the name {stem!r}',
            'a number that images of the same frame share, as in 000012.jpg',
            'rename the images',
        )
    return checked_whole(int(digits[-1]), place['frame number'])


def split_image_name(name: str) -> tuple[str, int | None]:
    """Camera and number of an image: of ``cam_a/000012.jpg``, ``cam_a_000012.jpg``.

    Returns:
        The camera, '' where the name does not tell; the number, None where there is none.
    """
    path = Path(name.replace('\\', '/'))
    parts = re.fullmatch(r'(?:(.*)[_.-])?(\d+)', path.stem)
    if path.parent.name:
        digits = re.findall(r'\d+', path.stem)
        return path.parent.name, int(digits[-1]) if digits else None
    return (parts[1] or '', int(parts[2])) if parts else ('', None)
