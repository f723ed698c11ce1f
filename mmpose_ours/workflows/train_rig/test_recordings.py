"""Test sets: synthetic people that were not used in training, and the own recording.

Both are recordings in the package's own files, so that every test is one of the stock script on
``OursDataset`` and can be repeated by hand.
"""

from __future__ import annotations

from pathlib import Path
from typing import Mapping

import numpy as np

from mmpose_ours.detections import read_detections, write_detections
from mmpose_ours.detections.reading import KeypointOptions
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.predictions.reading import FrameId, frame_id, write_predictions
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17
from mmpose_ours.synthetic import DetectorNoise, PoseBank, SceneSampler
from mmpose_ours.synthetic.draws import Streams

# Training draws from 0, its validation from 1.
HELD_OUT_SEED = 2
# Of the own recording: neighbouring frames, so that there is a before and an after.
RUN = 30
# Of those, every so many are tested without one camera after the other.
EVERY_LEFT_OUT = 3
# So many cameras are left out in turn, evenly spread over the rig.
MOST_LEFT_OUT = 8


def write_held_out(
    folder: Path,
    rig: CameraRig,
    space: CaptureVolume,
    faults: str | None,
    frames: int,
    skeleton: Skeleton = COCO17,
) -> tuple[Path, Path]:
    """Generate synthetic people and their simulated detections.

    Args:
        folder: Where the files go.
        rig: V cameras.
        space: Where people are.
        faults: Detector noise: a file of ``fit-noise`` or the name of a profile; None is the
            default.
        frames: How many.
        skeleton: The joints of people and keypoints.

    Returns:
        The files of 2D keypoints and of the truth.
    """
    noise = DetectorNoise() if faults is None else DetectorNoise.read(faults)
    sampler = SceneSampler(rig, space, PoseBank.built_in().in_skeleton(skeleton))
    rngs = Streams(HELD_OUT_SEED)(range(frames))
    crowd = sampler.sample_many(rngs)
    found = noise.detect_many(crowd, rig, rngs)
    detections = {str(n): dict(zip(rig.names, views)) for n, views in enumerate(found)}
    truth: dict[FrameId, np.ndarray] = {
        n: np.where(scene.visible[..., None], scene.poses, np.nan)
        for n, scene in enumerate(crowd.split())
    }
    keypoints, true_file = folder / 'keypoints_2d.json', folder / 'poses_3d.json'
    write_detections(
        keypoints, {f: _found_people(views) for f, views in detections.items()}, skeleton
    )
    write_predictions(true_file, truth, skeleton)
    return keypoints, true_file


def write_own(
    folder: Path,
    keypoints: Path,
    rig: CameraRig,
    most: int,
    reading: KeypointOptions | None = None,
    skeleton: Skeleton = COCO17,
) -> tuple[Path, Path, int]:
    """Choose frames of the user's recording: runs of neighbours, spread over all of it.

    Args:
        folder: Where the files go.
        keypoints: 2D keypoints of the whole recording.
        rig: V cameras.
        most: So many frames at most.
        reading: How the keypoints are to be read.
        skeleton: The joints that are tested.

    Returns:
        The files of the frames to test on, and of those to leave a camera out of; and how
        many frames the recording has.
    """
    detections = read_detections(keypoints, rig.names, joints=skeleton, **(reading or {}))
    frames = sorted(detections, key=_order)
    chosen = [frames[row] for row in runs(len(frames), most)]
    own, fewer = folder / 'keypoints_2d.json', folder / 'fewer.json'
    for path, some in ((own, chosen), (fewer, chosen[::EVERY_LEFT_OUT])):
        write_detections(path, {f: _of_rig(detections[f], rig, skeleton) for f in some}, skeleton)
    return own, fewer, len(frames)


def runs(count: int, most: int) -> list[int]:
    """Rows of runs of neighbours that are evenly spread over ``count`` rows, at most ``most``."""
    if count <= most:
        return list(range(count))
    pieces = max(1, most // RUN)
    length = most // pieces
    starts = np.linspace(0, count - length, pieces).astype(int)
    return sorted({int(start) + n for start in starts for n in range(length)})


def cameras_to_leave_out(rig: CameraRig) -> list[str]:
    """Cameras that are left out in turn; none of a rig of two."""
    if len(rig) < 3:
        return []
    rows = np.linspace(0, len(rig) - 1, min(len(rig), MOST_LEFT_OUT)).round().astype(int)
    return [rig.names[row] for row in rows]


def _found_people(views: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Without the rows that only fill an array up."""
    return {name: people[(people[..., 2] > 0).any(-1)] for name, people in views.items()}


def _of_rig(
    views: Mapping[str, np.ndarray], rig: CameraRig, skeleton: Skeleton
) -> dict[str, np.ndarray]:
    nobody = np.zeros((0, len(skeleton), 3))
    return {name: np.asarray(views.get(name, nobody)) for name in rig.names}


def _order(frame: str) -> tuple:
    number = frame_id(frame)
    return (0, number, '') if isinstance(number, int) else (1, 0, number)
