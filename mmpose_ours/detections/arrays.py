"""What 2D keypoints are in memory, and what can be asked of them; no files."""

from __future__ import annotations

import collections.abc
import functools
import itertools
from typing import Any, Callable, Iterator, Mapping, Sequence

import numpy as np

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17

# A little over 1 is rounding or an interpolated heatmap; 95 is per cent.
MAX_SCORE = 2.0
# No person is two pixels wide: where all joints lie this close to the corner, u and v are
# shares of the image.
MAX_NORMALISED = 2.0
# No image has so many pixels in a row: whatever is beyond is no place in it.
MAX_PIXEL = 1e9
# Frames that are looked at together.
AT_ONCE = 256
# Digits after the point that files keep of u, v and score.
DIGITS = 3

# frame -> camera -> people, with the joints that the detector has
KeypointFrames = Mapping[str, Mapping[str, Keypoints2D]]
# frame -> camera -> (P, J, 3) u, v, score; of COCO's 17 joints where nothing else is said
Detections = Mapping[str, Mapping[str, np.ndarray]]


class ConvertedFrames(collections.abc.Mapping):
    """The frames of a recording, each converted when it is asked for.

    Args:
        frames: Frame to anything.
        convert: Makes of it what is wanted.
    """

    def __init__(self, frames: Mapping[str, Any], convert: Callable[[Any], Any]):
        self._frames, self._convert = frames, convert

    def __getitem__(self, frame: str) -> Any:
        return self._convert(self._frames[frame])

    def __contains__(self, frame: object) -> bool:
        return frame in self._frames

    def __iter__(self) -> Iterator[str]:
        return iter(self._frames)

    def __len__(self) -> int:
        return len(self._frames)


def array_frames(frames: KeypointFrames, skeleton: Skeleton | None = None) -> Detections:
    """The people of a recording as arrays, see :func:`arrays_of`."""
    return ConvertedFrames(frames, functools.partial(arrays_of, skeleton=skeleton))


def named_frames(
    frames: KeypointFrames | Detections, skeleton: Skeleton = COCO17
) -> KeypointFrames:
    """The people of a recording with their joints named, see :func:`with_skeleton`."""
    return ConvertedFrames(frames, functools.partial(with_skeleton, skeleton=skeleton))


def arrays_of(
    views: Mapping[str, Keypoints2D], skeleton: Skeleton | None = None
) -> dict[str, np.ndarray]:
    """One frame's people as arrays (P, J, 3), with the joints of a skeleton or their own."""
    return {
        camera: (people if skeleton is None else people.to(skeleton)).array
        for camera, people in views.items()
    }


def with_skeleton(
    views: Mapping[str, Keypoints2D | np.ndarray], skeleton: Skeleton = COCO17
) -> dict[str, Keypoints2D]:
    """One frame's people as :class:`Keypoints2D`, arrays among them with the joints named.

    Raises:
        InputError: An array has another shape.
    """
    return {camera: _named(people, skeleton) for camera, people in views.items()}


def _named(people: Keypoints2D | np.ndarray, skeleton: Skeleton) -> Keypoints2D:
    if isinstance(people, Keypoints2D):
        return people
    array = np.asarray(people)
    return Keypoints2D(skeleton, array if array.size else array.reshape(0, len(skeleton), 3))


def check_pixels(detections: Detections, rig: CameraRig, path: PathLike) -> None:
    """Refuse keypoints that were not found in images of the calibrated size.

    Args:
        detections: frame -> camera -> (P, J, 3), any joints.
        rig: Their cameras, with image sizes.
        path: Where they come from, for the message.

    Raises:
        FileFormatError: Most joints of a camera lie outside its image, or all within two
            pixels of its corner (normalised), or scores are no scores. Names file, camera,
            what was found and what was expected.
    """
    count, inside = dict.fromkeys(rig.names, 0), dict.fromkeys(rig.names, 0)
    most = {name: np.full(3, -np.inf) for name in rig.names}
    views = iter(detections.values())
    while part := dict(enumerate(itertools.islice(views, AT_ONCE))):
        for camera in rig:
            joints = found_joints(part, camera.name)
            count[camera.name] += len(joints)
            inside[camera.name] += int(camera.in_image(joints[:, :2]).sum())
            most[camera.name] = np.maximum(most[camera.name], joints.max(0, initial=-np.inf))
    for camera in rig:
        if not count[camera.name]:
            continue
        who = f'{path}: camera {camera.name!r}'
        width, height = camera.size or (0, 0)
        largest, score = most[camera.name][:2], most[camera.name][2]
        if score > MAX_SCORE:
            raise FileFormatError(
                f'{who}: scores go up to {score:g}; write them between 0 and 1',
                code='out-of-range',
                file=path,
                camera=camera.name,
                found=float(score),
                expected=MAX_SCORE,
            )
        outside = 1 - inside[camera.name] / count[camera.name]
        if outside > 0.5 or largest.max() <= MAX_NORMALISED:
            raise FileFormatError(
                f'{who}: joints lie up to u = {largest[0]:g}, v = {largest[1]:g} and '
                f'{outside:.0%} of them outside its {width}x{height} image; write pixels of '
                'images of the size that was calibrated',
                code='out-of-range',
                file=path,
                camera=camera.name,
                found=largest.tolist(),
                expected=camera.size,
            )


def found_joints(detections: Mapping[Any, Mapping[str, np.ndarray]], camera: str) -> np.ndarray:
    """All joints that were found in a camera's images, (N, 3) ``u, v, score``."""
    people = [views[camera] for views in detections.values() if camera in views]
    joints = np.concatenate([p.reshape(-1, 3) for p in people] or [np.zeros((0, 3))])
    return joints[joints[:, 2] > 0]


def cameras_of(frames: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The names of the cameras, each once, in alphabetical order."""
    return sorted({camera for views in frames.values() for camera in views})


def strongest(people: np.ndarray, most: int) -> np.ndarray:
    """Rows of those of whom the detector is surest, in ascending order.

    Args:
        people: (P, J, 3) ``u, v, score``.
        most: How many.

    Returns:
        Rows of those with the largest sums of scores, or of all where there are no more.
    """
    if len(people) <= most:
        return np.arange(len(people))
    return np.sort(np.argsort(-people[..., 2].sum(-1), kind='stable')[:most])


def only_strongest(views: Mapping[str, Keypoints2D], most: int) -> dict[str, Keypoints2D]:
    """One frame's people, in each view at most so many: those of whom the detector is surest."""
    return {
        name: people.only(strongest(people.array, most)) if len(people) > most else people
        for name, people in views.items()
    }


def stack_views(
    views: Mapping[str, np.ndarray], cameras: Sequence[str], joints: int = 17
) -> np.ndarray:
    """Put one frame's people into one array, (V, P, J, 3), padded with score 0."""
    people = [views.get(camera, np.zeros((0, joints, 3), np.float32)) for camera in cameras]
    stacked = np.zeros((len(people), max(map(len, people), default=0), joints, 3), np.float32)
    for row, found in zip(stacked, people):
        row[: len(found)] = found
    return stacked


def stack_keypoints(
    views: Mapping[str, Keypoints2D], cameras: Sequence[str], skeleton: Skeleton
) -> np.ndarray:
    """One frame's people with the joints of a skeleton, (V, P, J, 3), padded with score 0."""
    nobody = Keypoints2D.nobody(skeleton)
    people = [views.get(camera, nobody).to(skeleton).array for camera in cameras]
    most = max(map(len, people), default=0)
    stacked = np.zeros((len(people), most, len(skeleton), 3), np.float32)
    for row, found in zip(stacked, people):
        row[: len(found)] = found
    return stacked


def finite(people: np.ndarray) -> np.ndarray:
    """The people with joints that hold NaN, infinity or more than any pixel taken as missing."""
    return np.where((np.abs(people) < MAX_PIXEL).all(-1, keepdims=True), people, 0.0)


def as_kept(people: np.ndarray, skeleton: Skeleton = COCO17) -> np.ndarray:
    """People as a file keeps them: (P, J, 3) float32, rounded, zeros where not found.

    Raises:
        InputError: They have another shape.
    """
    people = np.asarray(people, np.float64)
    if not people.size:
        people = people.reshape(0, len(skeleton), 3)
    people = Keypoints2D(skeleton, people).array  # which refuses another shape
    people = finite(np.round(people, DIGITS))
    return np.where(people[..., 2:] > 0, people, 0.0).astype(np.float32)
