"""What 2D keypoints are in memory, and what can be asked of them; no files."""

from __future__ import annotations

import itertools
from typing import Any, Mapping, Sequence

import numpy as np

from mmpose_ours.errors import FileFormatError, PathLike
from mmpose_ours.geometry.cameras import CameraRig
from mmpose_ours.structures.joint_maps import convert_joints, joint_map

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

# frame -> camera -> (P, 17, 3) u, v, score
Detections = Mapping[str, Mapping[str, np.ndarray]]


def check_pixels(detections: Detections, rig: CameraRig, path: PathLike) -> None:
    """Refuse keypoints that were not found in images of the calibrated size.

    Args:
        detections: As :func:`mmpose_ours.detections.read_detections` gives them.
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


def cameras_of(detections: Detections) -> list[str]:
    """The names of the cameras, each once, in alphabetical order."""
    return sorted({camera for views in detections.values() for camera in views})


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


def stack_views(views: Mapping[str, np.ndarray], cameras: Sequence[str]) -> np.ndarray:
    """Put one frame's people into one array, (V, P, 17, 3), padded with score 0."""
    people = [views.get(camera, np.zeros((0, 17, 3), np.float32)) for camera in cameras]
    stacked = np.zeros((len(people), max(map(len, people), default=0), 17, 3), np.float32)
    for row, found in zip(stacked, people):
        row[: len(found)] = found
    return stacked


def to_coco17(people: np.ndarray, source: str) -> np.ndarray:
    """Detections (P, S, 3) of a skeleton as COCO-17; a joint that needs a missing one is lost."""
    if source == 'coco17':
        return people
    matrix = joint_map(source, 'coco17')[0]
    found = people[..., 2] > 0
    needed = matrix != 0
    complete = (~needed | found[:, None]).all(-1) & needed.any(-1)
    result = np.einsum('ts,psd->ptd', matrix, people)
    result[..., 2] = np.where(needed, people[:, None, :, 2], np.inf).min(-1)
    return np.where(complete[..., None], result, 0.0).astype(np.float32)


def finite(people: np.ndarray) -> np.ndarray:
    """The people with joints that hold NaN, infinity or more than any pixel taken as missing."""
    return np.where((np.abs(people) < MAX_PIXEL).all(-1, keepdims=True), people, 0.0)


def as_kept(people: np.ndarray) -> np.ndarray:
    """People as a file keeps them: (P, 17, 3) float32, rounded, zeros where not found.

    Raises:
        ValueError: They have another shape.
    """
    people = np.asarray(people, np.float64)
    if not people.size:
        people = people.reshape(0, 17, 3)
    if people.ndim != 3 or people.shape[1:] != (17, 3):
        raise ValueError(
            f'people have the shape {people.shape}, expected (P, 17, 3): COCO-17, u, v, score'
        )
    people = finite(np.round(people, DIGITS))
    return np.where(people[..., 2:] > 0, people, 0.0).astype(np.float32)


def from_coco17(keypoints: np.ndarray, joints: str) -> np.ndarray:
    """People with the joints of another set, such as a model takes.

    Args:
        keypoints: (..., 17, 3) COCO-17 ``u, v, score``, score 0 where a joint was not found.
        joints: Name of the skeleton.

    Returns:
        (..., J, 3) float32; a joint that is mixed from others needs them all.
    """
    found = np.where(keypoints[..., 2:] > 0, keypoints, np.nan)
    return np.nan_to_num(convert_joints(found, 'coco17', joints)).astype(np.float32)
