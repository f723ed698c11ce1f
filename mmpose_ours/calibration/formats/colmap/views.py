"""Which images of a COLMAP model are the cameras of a rig, where they stand, and their names."""

from __future__ import annotations

from typing import Mapping, NamedTuple, Sequence

import numpy as np

from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.calibration.formats.colmap.entities import FrameRecord, Records, RigRecord
from mmpose_ours.calibration.parsing.file import EXPORT_AGAIN
from mmpose_ours.calibration.parsing.image_names import check_image_count, name_cameras
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.rotations import from_quaternion

# Of a quaternion: rounding to three digits is less.
_LENGTH_TOLERANCE = 1e-2


class View(NamedTuple):
    """A camera of the rig to be: image path (empty: none), camera, R and t world to camera."""

    image: str
    camera_id: int
    R_w2c: np.ndarray
    t_w2c: np.ndarray


def find_views(records: Records, path: PathLike, notes: list[str]) -> list[View]:
    """The images, each a camera, or the cameras of rigs as in their first frame.

    Args:
        records: The model; its images and rigs name cameras that it lists.
        path: The model, for messages.
        notes: Gets sentences that a user should see.

    Raises:
        CalibrationError: A quaternion is none, a rig has no frame, or there are too many
            images.
    """
    mounted = [rig for rig in records.rigs if len(rig.sensors) > 1]
    on_a_rig = {id for rig in mounted for id in rig.sensors}
    alone = [image for image in records.images if image.camera_id not in on_a_rig]
    check_image_count(len(alone), path)
    shared = len(alone) - len({image.camera_id for image in alone})
    if shared:
        notes.append(f'{len(alone)} images are each a camera, though they share lenses')
    views = [
        View(image.name, image.camera_id, *_pose(image.pose, f'image {image.name!r}', path))
        for image in alone
    ]
    frames: dict[int, list[FrameRecord]] = {}
    for frame in records.frames:
        frames.setdefault(frame.rig_id, []).append(frame)
    paths = {image.id: image.name for image in records.images}
    check_image_count(sum(len(rig.sensors) for rig in mounted), path)
    for rig in mounted:
        views += _mounted(rig, frames.get(rig.id, []), paths, path, notes)
    return views


def _mounted(
    rig: RigRecord,
    frames: Sequence[FrameRecord],
    paths: Mapping[int, str],
    path: PathLike,
    notes: list[str],
) -> list[View]:
    """The cameras of a rig where it stood in its first frame."""
    if not frames:
        raise CalibrationError(
            f'{path}: rig {rig.id} mounts {len(rig.sensors)} cameras together, expected a frame '
            'that says where it stood; name the file with the frames too',
            code='missing-value',
            file=path,
            place=f'rig {rig.id}',
            found=len(rig.sensors),
            expected='frames',
        )
    if len(frames) > 1:
        notes.append(
            f'the cameras of rig {rig.id} stand as in the first of its {len(frames)} frames '
            f'(frame {frames[0].id})'
        )
    R_world, t_world = _pose(frames[0].pose, f'frame {frames[0].id}', path)
    images = _first_images(frames, paths)
    views = []
    for camera_id, sensor_from_rig in rig.sensors.items():
        if sensor_from_rig is not None:
            who = f'camera {camera_id} of rig {rig.id}'
            R, t = _pose(sensor_from_rig, who, path)
            views.append(View(images.get(camera_id, ''), camera_id, R @ R_world, R @ t_world + t))
    return views


def _first_images(frames: Sequence[FrameRecord], paths: Mapping[int, str]) -> dict[int, str]:
    """The path of each camera's image in the first frame that has one."""
    found: dict[int, str] = {}
    for frame in frames:
        for camera_id, image_id in frame.images.items():
            if image_id in paths:
                found.setdefault(camera_id, paths[image_id])
    return found


def _pose(pose: Sequence[float], who: str, path: PathLike) -> tuple[np.ndarray, np.ndarray]:
    length = float(np.linalg.norm(pose[:4]))
    if not abs(length - 1) < _LENGTH_TOLERANCE:
        raise CalibrationError(
            f'{path}: {who} has a quaternion of length {length:.6g}, expected 1; {EXPORT_AGAIN}',
            code='out-of-range',
            file=path,
            place=who,
            found=length,
            expected=1,
        )
    return from_quaternion(np.array(pose[:4])), np.array(pose[4:])


def name_views(views: Sequence[View], path: PathLike) -> list[str]:
    """A name for each camera: of its image, or the camera's number where it has none.

    Raises:
        CalibrationError: The paths of the images do not tell the cameras apart.
    """
    images = [view.image or str(view.camera_id) for view in views]
    return name_cameras(images, path)
