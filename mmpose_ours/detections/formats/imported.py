"""What a reader yields, and how views become a recording."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any, Callable, Iterable, Mapping, NamedTuple, Sequence

import numpy as np

from mmpose_ours.detections.arrays import finite
from mmpose_ours.detections.formats.layouts import (
    BY_SIZE,
    MOST_PEOPLE,
    is_unnamed,
    named_by_people,
    skeletons_of_size,
    unnamed,
)
from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.io.json_values import Place, checked_name, checked_whole, numbers
from mmpose_ours.io.limits import limits
from mmpose_ours.recordings.time_stamps import stamp_in
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17, SKELETONS
from mmpose_ours.text import argument


class Found(NamedTuple):
    """The people of one view.

    Args:
        camera: Its name as the tool has it.
        frame: The number of the image.
        people: With the joints that the tool has, of :func:`.layouts.unnamed` if nothing names
            them.
        origin: The file, or the place in it, for messages.
        is_listed: Whether the file has this image. False where it says nothing of images without
            people, and this is one that there may be.
    """

    camera: str
    frame: int
    people: Keypoints2D
    origin: str
    is_listed: bool = True


class Assembled(NamedTuple):
    """The people of a recording, frames as each camera numbers them.

    Args:
        frames: frame -> camera -> people of one skeleton, in the order of the numbers; only images
            that the files have.
        is_complete: Whether these are all images. Else each camera may have seen nobody in any
            frame that it has no image of.
    """

    frames: dict[str, dict[str, Keypoints2D]]
    is_complete: bool


@dataclasses.dataclass(frozen=True)
class Hints:
    """What a reader is given besides the file.

    Args:
        cameras: Names that are wanted; empty where any are.
        sizes: camera -> (width, height) of its images, for normalised keypoints.
        progress: Called with how many of how many files are read.
        skeleton: The joints, whatever the files say; None goes by the names in them, else by the
            number of joints and the people.
        say: Takes notes on how the files were understood, a sentence each.
        rename: Name there to the camera that it is; the caller renames what is read.
    """

    cameras: Sequence[str] = ()
    sizes: Mapping[str, tuple[int, int]] = dataclasses.field(default_factory=dict)
    progress: Callable[[int, int], None] = lambda done, total: None
    skeleton: Skeleton | None = None
    say: Callable[[str], None] = lambda note: None
    rename: Mapping[str, str] = dataclasses.field(default_factory=dict)


def assemble(
    views: Iterable[Found], path: PathLike, say: Callable[[str], None] = lambda note: None
) -> Assembled:
    """Collect the cameras' images by their number, with joints that nothing names named by people.

    Args:
        views: Of all cameras, in any order.
        path: Where they come from, for messages.
        say: Takes a sentence on how joints were named.

    Raises:
        FileFormatError: A camera has two images of one number, its name is empty or too long, or
            people have joints of skeletons that do not go together, or contradict the skeleton
            that is usual for their number of joints.
        LimitError: There are too many frames or cameras.
    """
    frames: dict[int, dict[str, Found]] = {}
    names: set[str] = set()
    unlisted: dict[str, list[Found]] = {}
    for view in views:
        if view.camera not in names:
            names.add(checked_name(view.camera, Place(path, 'the name of a camera')))
            limits().check('cameras', len(names), 'cameras', path)
        if not view.is_listed:
            unlisted.setdefault(view.camera, []).append(view)
            continue
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
    # Cameras that nobody was seen by.
    for camera in unlisted.keys() - {camera for cameras in frames.values() for camera in cameras}:
        for view in unlisted[camera]:
            frames.setdefault(view.frame, {})[camera] = view
    people = {
        str(frame): {camera: view.people for camera, view in frames[frame].items()}
        for frame in sorted(frames)
    }
    people = _named(people, path, say)
    everybody = (seen for cameras in people.values() for seen in cameras.values())
    skeleton = common_skeleton((seen.skeleton for seen in everybody if len(seen)), path)
    same = {
        frame: {camera: seen.to(skeleton) for camera, seen in cameras.items()}
        for frame, cameras in people.items()
    }
    return Assembled(same, is_complete=not unlisted)


def _named(
    people: dict[str, dict[str, Keypoints2D]], path: PathLike, say: Callable[[str], None]
) -> dict[str, dict[str, Keypoints2D]]:
    """The same people, with the joints named that nothing names.

    Raises:
        FileFormatError: People contradict the usual skeleton.
    """
    unknown: dict[int, list[np.ndarray]] = {}
    for cameras in people.values():
        for seen in cameras.values():
            if len(seen) and is_unnamed(seen.skeleton):
                unknown.setdefault(len(seen.skeleton), []).append(seen.array)
    names = {
        count: named_by_people(
            np.concatenate(arrays[:: max(1, len(arrays) // MOST_PEOPLE)]), path, say
        )
        for count, arrays in unknown.items()
    }
    return {
        frame: {
            camera: Keypoints2D(names[len(seen.skeleton)], seen.array)
            if len(seen) and is_unnamed(seen.skeleton)
            else seen
            for camera, seen in cameras.items()
        }
        for frame, cameras in people.items()
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
    """People of a skeleton that is given, or else of joints without names.

    Args:
        people: (J, 3) each, ``u, v, score``.
        place: Where they stand.
        skeleton: The joints; None leaves them unnamed until :func:`assemble` has everybody.

    Raises:
        FileFormatError: They have different numbers of joints, or no tool leaves so many unnamed.
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
    if skeleton is None and not skeletons_of_size(count):
        raise place.error(
            f'has people of {count} joints',
            known,
            f'give {argument("skeleton")}: a file of its METAINFO',
            value=count,
            wanted=list(BY_SIZE),
            code='wrong-shape',
        )
    if skeleton is None:
        skeleton = unnamed(count)
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

    A time stamp is one number, see :mod:`mmpose_ours.recordings.time_stamps`. The number is 0 for
    the only image of a camera, which is named after it.

    Raises:
        FileFormatError: There is none, or it has more than 18 digits or so.
    """
    if stem == place.camera and not stem.isdigit():
        return 0
    number = _number(stem, place.camera or '')
    if number is None:
        raise place.error(
            f'has no frame number in the name {stem!r}',
            'a number that images of the same frame share, as in 000012.jpg',
            'rename the images',
            value=stem,
            code='missing-value',
        )
    return checked_whole(number, place['frame number'])


def split_image_name(name: str) -> tuple[str, int | None]:
    """Camera and number of an image: of ``cam_a/000012.jpg``, ``cam_a_000012.jpg``.

    Returns:
        The camera, '' where the name does not tell; the number, None where there is none.
    """
    path = Path(name.replace('\\', '/'))
    if path.parent.name:
        return path.parent.name, _number(path.stem, path.parent.name)
    stamp = stamp_in(path.stem)
    if stamp is not None and stamp[0]:
        return stamp
    parts = re.fullmatch(r'(?:(.*)[_.-])?(\d+)', path.stem)
    return (parts[1] or '', int(parts[2])) if parts else ('', None)


def _number(stem: str, camera: str = '') -> int | None:
    """The number of an image, whose name may begin with its camera's."""
    stamp = stamp_in(stem, camera)
    if stamp is not None:
        return stamp[1]
    digits = re.findall(r'\d+', stem)
    return int(digits[-1]) if digits else None
