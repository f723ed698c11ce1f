"""The user's own recordings: a folder of images per camera, 2D keypoints, perhaps a truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Collection, Mapping

import numpy as np

from mmpose_ours.detections import check_pixels, read_detections, stack_views
from mmpose_ours.detections.reading import KeypointOptions
from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.predictions.reading import read_predictions
from mmpose_ours.recordings.endings import is_video
from mmpose_ours.recordings.footage import frame_key, frames_by_key, frames_of_images
from mmpose_ours.recordings.frame_matching import frame_order
from mmpose_ours.recordings.media import find_media
from mmpose_ours.structures.joint_maps import convert_joints
from mmpose_ours.structures.metainfo import find_skeleton
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import as_skeleton

Warn = Callable[[str], None]


def read_recording(
    rig: CameraRig,
    data_root: str,
    keypoint_file: Path | None,
    truth_file: Path | None,
    joints: str,
    warn: Warn,
    rename: Mapping[str, str] | None = None,
    frame_offsets: Mapping[str, int] | None = None,
    skeleton: str | None = None,
) -> list[dict]:
    """Read one item per frame of the keypoint file, or frame of the images.

    Args:
        rig: The cameras; images lie in a folder per camera, or all in one, see
            :mod:`mmpose_ours.recordings.files`.
        data_root: Where the images lie.
        keypoint_file: 2D keypoints, see :func:`~mmpose_ours.detections.read_detections`; None
            works from images only (image mode).
        truth_file: 3D poses in the format that ``mmpose-ours evaluate`` reads, if any. A
            frame that it does not list is a frame with nobody there.
        joints: Name of the skeleton to have keypoints and truth in.
        warn: Called with a sentence on what is left out, or has names that are spelled otherwise.
        rename: Name of images or keypoints to the camera that they are of.
        frame_offsets: Camera name to the number of its keypoints before the first frame.
        skeleton: The joints of the keypoints, where their file does not name them: the name of a
            skeleton, or a file of MMPose's METAINFO.

    Returns:
        Items in the order of time: ``recording``, ``frame_id``, ``img_paths`` (V,), and where
        there are any ``keypoints_2d`` (V, P, J, 3), ``keypoints_3d`` (G, J, 3) mm and
        ``visible`` (G, J).

    Raises:
        FileNotFoundError: The keypoint file or, in image mode, a camera's images are missing.
        InputError: No frame is common to the cameras, or to the truth and the rest.
    """
    images = _images(rig, data_root, keypoint_file is None, rename, warn)
    wanted = as_skeleton(joints)
    reading = KeypointOptions(
        skeleton=find_skeleton(skeleton) if skeleton else None,
        frame_offsets=frame_offsets,
        rename=rename,
        say=warn,
    )
    detections = None
    if keypoint_file:
        detections = _detections(rig, keypoint_file, wanted, reading)
    truth = _truth(truth_file, joints) if truth_file else None
    frames = list(detections) if detections is not None else _common(images, data_root, warn)
    if truth is not None:
        _compare_frames(frames, truth, truth_file, keypoint_file or data_root, warn)
    items = []
    for frame in sorted(frames, key=frame_order):
        item: dict[str, Any] = dict(
            recording=str(data_root),
            frame_id=frame,
            img_paths=[images[name].get(frame_key(frame)) for name in rig.names],
        )
        if detections is not None:
            item['keypoints_2d'] = stack_views(detections[frame], rig.names, len(wanted))
        if truth is not None:
            nobody = np.zeros((0, len(wanted), 3))
            poses = truth.get(frame_key(frame), nobody)
            visible = ~np.isnan(poses).any(-1)
            item['keypoints_3d'] = np.where(visible[..., None], poses, 0.0)
            item['visible'] = visible
        items.append(item)
    if not items:
        where = keypoint_file or data_root
        raise InputError(f'{where}: no frame to work on', code='no-data', file=where)
    return items


def _detections(
    rig: CameraRig, keypoint_file: Path, joints: Skeleton, reading: KeypointOptions
) -> dict[str, dict[str, np.ndarray]]:
    detections = read_detections(keypoint_file, rig.names, joints=joints, **reading)
    check_pixels(detections, rig, keypoint_file)
    return detections


def _images(
    rig: CameraRig,
    data_root: str,
    needed: bool,
    rename: Mapping[str, str] | None,
    warn: Warn,
) -> dict[str, dict[str, str]]:
    """Camera name to frame to the path of its image; videos do not count."""
    images: dict[str, dict[str, str]] = {name: {} for name in rig.names}
    if not needed and not Path(data_root).is_dir():
        return images
    try:
        media = find_media(data_root, rig.names, rename, needed=needed)
    except FileFormatError as error:
        if needed:
            raise
        warn(f'no images are used: {error}')
        return images
    for note in media.notes if media.files and not media.missing else ():
        warn(note)
    for camera in rig.names:
        paths = [path for path in media.files.get(camera, ()) if not is_video(path)]
        if not paths and needed:
            raise FileNotFoundError(
                f'{data_root}: no images of camera {camera!r}; name their folder after it '
                f'({camera}/), or choose cameras with `cameras`'
            )
        found = images[camera]
        frames = frames_of_images(paths, media.names.get(camera, camera))
        for frame, path in zip(frames, map(str, paths)):
            if found.setdefault(frame, path) != path:
                raise FileFormatError(
                    f'{data_root}: {found[frame]} and {path} are the same frame of camera '
                    f'{camera!r}, since leading zeros do not count; rename or remove one of them',
                    code='duplicate',
                    file=data_root,
                    camera=camera,
                    frame=frame,
                    found=[found[frame], path],
                )
    return images


def _common(images: dict[str, dict[str, str]], data_root: str, warn: Warn) -> set[str]:
    common = set.intersection(*(set(frames) for frames in images.values()))
    if not common:
        counts = ', '.join(f'{name}: {len(frames)}' for name, frames in images.items())
        raise InputError(
            f'{data_root}: no image name occurs for every camera ({counts}); '
            'images of one frame must share their file name',
            code='no-match',
            file=data_root,
            found={name: len(frames) for name, frames in images.items()},
        )
    everything = set.union(*(set(frames) for frames in images.values()))
    if len(common) < len(everything):
        warn(
            f'{data_root}: {len(everything) - len(common)} of {len(everything)} frames '
            'lack an image in some camera and are left out'
        )
    return common


def _compare_frames(
    frames: Collection[str],
    truth: dict[str, np.ndarray],
    truth_file: Path | None,
    source: Path | str,
    warn: Warn,
) -> None:
    unknown = sum(frame_key(frame) not in truth for frame in frames)
    if unknown == len(frames):
        first = min(frames, key=frame_order)
        raise InputError(
            f'{truth_file} has none of the {unknown} frames of {source} (such as {first!r}); '
            'name its frames after the image files',
            code='no-match',
            file=truth_file,
            frame=first,
            found=list(truth),
            expected=list(frames),
        )
    if unknown:
        warn(f'{unknown} of {len(frames)} frames are not in {truth_file}: nobody there')


def _truth(truth_file: Path, joints: str) -> dict[str, np.ndarray]:
    truth = read_predictions(truth_file)
    return {
        key: convert_joints(truth.frames[frame].xyz_mm, truth.skeleton, joints)
        for key, frame in frames_by_key(truth.frames, truth_file).items()
    }
