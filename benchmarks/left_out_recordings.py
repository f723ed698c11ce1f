"""The recordings of ``benchmarks.left_out``: files in the user's folders, and synthetic rigs."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Iterator, Mapping

import numpy as np

from benchmarks.problem import SHELF_SIZE
from mmpose_ours.calibration import read_rig
from mmpose_ours.detections import Detections, KeypointFrames, read_keypoints
from mmpose_ours.detections.arrays import named_frames
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.sources.synthetic import SceneGenerator
from mmpose_ours.synthetic.noise_profiles import profile_names
from mmpose_ours.synthetic.rigs import random_site

# Of what the test data holds: name, folder, calibration, keypoints, and image size in pixels where
# the calibration does not state it.
TEST_DATA: tuple[tuple[str, str, str, str, tuple[int, int] | None], ...] = (
    (
        'Shelf, OpenPose',
        'shelf',
        'calibration_shelf.json',
        'pred_shelf_openpose_coco.pkl',
        SHELF_SIZE,
    ),
    (
        'pizza1, OpenPose',
        'pizza1',
        'camera_parameters.json',
        'pred_pizza1_openpose_coco.pkl',
        None,
    ),
)
# A left-out camera needs three others.
MIN_CAMERAS = 4


@dataclasses.dataclass(frozen=True, eq=False)
class Recording:
    """2D keypoints of one rig.

    Args:
        name: What they are called in the table. Recordings of one name share a row.
        rig: V cameras, in mm.
        frames: Frame to camera name to people.
        synthetic: Whether the frames are independent scenes of one of many random rigs.
    """

    name: str
    rig: CameraRig
    frames: KeypointFrames
    synthetic: bool = False


def read_recording(
    name: str, calibration: Path, keypoints: Path, image_size: tuple[int, int] | None = None
) -> Recording:
    """Read a recording from files of any supported format.

    Of the cameras those remain that have keypoints: a calibration may be of more cameras.

    Args:
        name: What it is called in the table.
        calibration: See :func:`mmpose_ours.calibration.read_rig`.
        keypoints: See :func:`mmpose_ours.detections.read_keypoints`.
        image_size: (width, height) in pixels, for calibrations without it.
    """
    rig = read_rig(calibration, image_size=image_size) if image_size else read_rig(calibration)
    try:
        frames = read_keypoints(keypoints, rig=rig)
    except ValueError:
        # Some of the calibrated cameras have no keypoints; names are then spelled alike.
        frames = read_keypoints(keypoints)
        known = {camera for views in frames.values() for camera in views}
        rig = rig.select([camera for camera in rig.names if camera in known])
    return Recording(name, rig, frames)


def recordings_of_test_data(folder: Path) -> Iterator[Recording]:
    """The recordings that a folder of test data holds (see CONTRIBUTING.md)."""
    for name, part, calibration, keypoints, image_size in TEST_DATA:
        if (folder / part / keypoints).is_file():
            yield read_recording(
                name, folder / part / calibration, folder / part / keypoints, image_size
            )
        else:
            print(f'{name}: skipped, there is no {folder / part / keypoints}')


def synthetic_recordings(rigs: int, frames: int, seed: int = 0) -> Iterator[Recording]:
    """Synthetic people before random rigs of four cameras or more, with each kind of detector.

    Args:
        rigs: Number of rigs; the same ones for each detector.
        frames: Number of scenes per rig.
        seed: Another seed gives other rigs and people.
    """
    for profile in profile_names():
        for number in range(rigs):
            rig, detections = _synthetic(profile, number, frames, seed)
            named = named_frames(detections)
            yield Recording(f'synthetic, {profile}', rig, named, synthetic=True)


def _synthetic(profile: str, number: int, frames: int, seed: int) -> tuple[CameraRig, Detections]:
    """A rig, and frame to camera name to (P, 17, 3) detections."""
    rng = np.random.default_rng((seed, number))
    while True:
        rig, space = random_site(rng)
        if len(rig) < MIN_CAMERAS:
            continue
        generator = SceneGenerator(rig, space, seed=seed + number, faults=profile)
        try:
            items = generator(range(frames))
        except ValueError:  # no position is visible to enough cameras
            continue
        return rig, {str(i): _views(rig, items[i]['keypoints_2d']) for i in range(frames)}


def _views(rig: CameraRig, keypoints: np.ndarray) -> Mapping[str, np.ndarray]:
    """(V, P, J, 3) padded detections by camera name, without the padding."""
    return {name: people[(people[..., 2] > 0).any(1)] for name, people in zip(rig.names, keypoints)}
