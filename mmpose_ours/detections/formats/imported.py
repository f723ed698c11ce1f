"""What a reader yields, how views become a recording, and skeletons by number of joints."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any, Callable, Iterable, Mapping, NamedTuple, Sequence

import numpy as np

from mmpose_ours.detections.arrays import finite
from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.json_values import Place, checked_name, checked_whole, numbers
from mmpose_ours.io.limits import limits
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17, SKELETONS
from mmpose_ours.text import argument

# Most tools name their skeleton nowhere in the file: the number of joints tells it.
BY_SIZE = {
    17: 'coco17',
    18: 'coco18',
    25: 'body25',
    26: 'halpe26',
    33: 'blazepose33',
    133: 'coco_wholebody',
    136: 'halpe136',
}


class Found(NamedTuple):
    """The people of one view.

    Args:
        camera: Its name as the tool has it.
        frame: The number of the image.
        people: With the joints that the tool has.
        origin: The file, or the place in it, for messages.
    """

    camera: str
    frame: int
    people: Keypoints2D
    origin: str


@dataclasses.dataclass(frozen=True)
class Hints:
    """What a reader is given besides the file.

    Args:
        cameras: Names that are wanted; empty where any are.
        sizes: camera -> (width, height) of its images, for normalised keypoints.
        progress: Called with how many of how many files are read.
        skeleton: The joints, where the files do not name them; None goes by their number.
    """

    cameras: Sequence[str] = ()
    sizes: Mapping[str, tuple[int, int]] = dataclasses.field(default_factory=dict)
    progress: Callable[[int, int], None] = lambda done, total: None
    skeleton: Skeleton | None = None


def assemble(views: Iterable[Found], path: PathLike) -> dict[str, dict[str, Keypoints2D]]:
    """Match the cameras' images by their number.

    Returns:
        frame -> camera -> people of one skeleton, frames in the order of their numbers.

    Raises:
        FileFormatError: A camera has two images of one number, its name is empty or too long, or
            people have joints of skeletons that do not go together.
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
                code='duplicate',
                file=path,
                camera=view.camera,
                frame=view.frame,
                found=[cameras[view.camera].origin, view.origin],
            )
        cameras[view.camera] = view
    found = (view.people for frame in frames.values() for view in frame.values())
    skeleton = common_skeleton((people.skeleton for people in found if len(people)), path)
    return {
        str(frame): {camera: view.people.to(skeleton) for camera, view in frames[frame].items()}
        for frame in sorted(frames)
    }


def common_skeleton(skeletons: Iterable[Skeleton], path: PathLike) -> Skeleton:
    """The smallest skeleton that has all joints: of OpenPose's files some have hands, some none.

    Raises:
        FileFormatError: There is none.
    """
    seen = {skeleton.joints: skeleton for skeleton in skeletons}
    joints = {joint for each in seen for joint in each}
    fitting = [s for s in (*seen.values(), *SKELETONS.values()) if joints <= set(s.joints)]
    if not seen:
        return COCO17
    if not fitting:
        names = [skeleton.name for skeleton in seen.values()]
        raise FileFormatError(
            f'{path}: holds people of the skeletons {", ".join(names)}, which do not go together; '
            'read the files of each skeleton by themselves',
            code='conflict',
            file=path,
            found=names,
        )
    return min(fitting, key=len)


def people_of_joints(
    people: Sequence[np.ndarray], place: Place, skeleton: Skeleton | None = None
) -> Keypoints2D:
    """People of a skeleton that is given, or recognised by the number of joints.

    Args:
        people: (J, 3) each, ``u, v, score``.
        place: Where they stand.
        skeleton: The joints; None goes by their number.

    Raises:
        FileFormatError: They have different numbers of joints, or no skeleton has so many.
        LimitError: There are too many people.
    """
    limits().check('people_per_view', len(people), 'people of one view', place.file)
    if not len(people):
        return Keypoints2D.nobody(skeleton or COCO17)
    counts = sorted({len(person) for person in people})
    known = ', '.join(f'{size} ({name})' for size, name in BY_SIZE.items())
    if len(counts) > 1:
        raise place.error(
            f'has people of {counts[0]} and of {counts[-1]} joints',
            known,
            value=counts,
            wanted=list(BY_SIZE),
            code='wrong-shape',
        )
    (count,) = counts
    if skeleton is None and count not in BY_SIZE:
        raise place.error(
            f'has people of {count} joints',
            known,
            'name the skeleton, or a file of its METAINFO',
            value=count,
            wanted=list(BY_SIZE),
            code='wrong-shape',
        )
    if skeleton is None:
        skeleton = SKELETONS[BY_SIZE[count]]
    if count != len(skeleton):
        raise place.error(
            f'has people of {count} joints',
            f'{len(skeleton)} joints of {skeleton.name}',
            f'correct or leave out {argument("skeleton")}, or export it again',
            value=count,
            wanted=len(skeleton),
            code='wrong-shape',
        )
    found = finite(np.stack(people))
    return Keypoints2D(skeleton, np.where(found[..., 2:] > 0, found, 0.0).astype(np.float32))


def triples(values: Any, place: Place) -> np.ndarray:
    """A flat list ``u, v, score, u, v, score, ...`` as (J, 3), one row per joint.

    Raises:
        FileFormatError: It is not a list of numbers, or its length is no multiple of three.
    """
    flat = numbers(values, (None,), place)
    if len(flat) % 3:
        raise place.error(
            f'has {len(flat)} numbers',
            'u, v, score for each joint',
            value=len(flat),
            code='wrong-shape',
        )
    return flat.reshape(-1, 3)


def frame_number(stem: str, place: Place) -> int:
    """The last number in an image's name, which is given without its suffix.

    0 of the only image of a camera, which is named after it.

    Raises:
        FileFormatError: There is none, or it has more than 18 digits or so.
    """
    if stem == place.camera and not stem.isdigit():
        return 0
    digits = re.findall(r'\d+', stem)
    if not digits:
        raise place.error(
            f'has no frame number in the name {stem!r}',
            'a number that images of the same frame share, as in 000012.jpg',
            'rename the images',
            value=stem,
            code='missing-value',
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
