"""What ``train-rig`` works on: the data folder, the options, and where everything of it lies."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from pathlib import Path
from typing import Any, Mapping

import numpy as np

from mmpose_ours.calibration import read_rig
from mmpose_ours.detections.reading import KeypointOptions
from mmpose_ours.errors import InputError
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.io import package_files as paths
from mmpose_ours.recordings.media import find_media
from mmpose_ours.structures.metainfo import find_skeleton
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17, as_skeleton
from mmpose_ours.workflows.rig_folder import BOX_WEIGHTS, CONFIGS, RIG_FILE

KEYPOINT_FILE = 'keypoints_2d.json'
# Who is compared: what was trained, what comes in the package, and geometry alone.
TRAINED, BOX, TRIANGULATION = 'trained', 'box', 'triangulation'


@dataclasses.dataclass(frozen=True)
class Model:
    """A model that can be trained for a rig.

    Args:
        config: Its config among the installed ones.
        about: What it is called in sentences.
        batch: Frames per step.
        epoch: Frames per epoch where the user says how many epochs.
    """

    config: str
    about: str
    batch: int
    epoch: int


MODELS = {
    'prior': Model('keypoint_prior_ours.py', 'the learned prior', 64, 9600),
    'fast': Model('faster_voxelpose_ours.py', 'the fast voxel model', 16, 3008),
    'voxelpose': Model('voxelpose_ours.py', 'VoxelPose', 1, 3000),
}


@dataclasses.dataclass(frozen=True)
class Site:
    """One rig and how it is to be trained for.

    Args:
        folder: The data folder.
        work_dir: Where all results go.
        source: The calibration that the folder is to be made from; empty where it has its own.
        reading: How to read it, as words of the command ``init``.
        source_rig: Its cameras, None without one.
        keypoints: 2D keypoints of the user's recording, None where there are none.
        cameras: Names of the cameras to use; None for all.
        detector: A shipped detector or a file of ``fit-noise``; None measures it.
        model: A key of :data:`MODELS`.
        minutes: Minutes of training; None where ``epochs`` says how long.
        epochs: Epochs of training, or None.
        frames: How many held-out frames, and of the own recording, are tested on.
        volume: The capture volume; None fits it to the cameras.
        trust: Whether the calibration is used although its checks find errors.
        rename: Name of images or keypoints to the camera that they are of.
        frame_offsets: Camera name to the number of its keypoints before the first frame.
        skeleton: The joints of the keypoints where their file does not name them: a skeleton's
            name, or a file of MMPose's METAINFO.
        joints: Name of the skeleton that is trained: of the people generated, of the keypoints
            that the model takes and of its 3D poses.
    """

    folder: Path
    work_dir: Path
    source: tuple[str, ...] = ()
    reading: tuple[str, ...] = ()
    source_rig: CameraRig | None = None
    keypoints: Path | None = None
    cameras: tuple[str, ...] | None = None
    detector: str | None = None
    model: str = 'prior'
    minutes: float | None = 30.0
    epochs: int | None = None
    frames: int = 300
    volume: CaptureVolume | None = None
    trust: bool = False
    rename: Mapping[str, str] = dataclasses.field(default_factory=dict)
    frame_offsets: Mapping[str, int] = dataclasses.field(default_factory=dict)
    skeleton: str | None = None
    joints: str = COCO17.name

    def volume_words(self) -> list[str]:
        """The capture volume as words of a command; none where it is fitted."""
        if self.volume is None:
            return []
        box = self.volume.center_mm, self.volume.size_mm
        return ['--volume', *(','.join(f'{value:g}' for value in values) for values in box)]

    @property
    def rig_file(self) -> Path:
        """The folder's calibration."""
        return self.folder / RIG_FILE

    @functools.cached_property
    def rig(self) -> CameraRig:
        """The cameras that are trained for, as the folder has them."""
        return read_rig(self.rig_file, cameras=self.cameras, any_scale=self.trust)

    @property
    def initialised(self) -> bool:
        """Whether the folder has what ``init`` writes."""
        return self.rig_file.is_file() and any((self.folder / name).is_file() for name in CONFIGS)

    @functools.cached_property
    def has_images(self) -> bool:
        """Whether the folder has images or a video of some camera."""
        return self._has_media(self.folder)

    @property
    def recording(self) -> Path | None:
        """The folder with images or videos: the data folder, or the one of the keypoints."""
        if self.has_images or self.keypoints is None:
            return self.folder if self.has_images else None
        beside = self.keypoints.parent
        try:
            return beside if self._has_media(beside) else None
        except (InputError, OSError):
            return None  # files that are of no camera, or of several: nothing that was asked for

    def _has_media(self, folder: Path) -> bool:
        return bool(find_media(folder, self.rig.names, self.rename, needed=False).files)

    @functools.cached_property
    def keypoints_print(self) -> str | None:
        """The fingerprint of the keypoint file."""
        return None if self.keypoints is None else file_print(self.keypoints)

    @property
    def contenders(self) -> dict[str, str]:
        """Who can be compared, and the weights of those that are not trained here."""
        known = {BOX: BOX_WEIGHTS, TRIANGULATION: 'mmpose-ours://none'}
        return known if self.box_file else {TRIANGULATION: known[TRIANGULATION]}

    @property
    def trained_skeleton(self) -> Skeleton:
        """The skeleton that is trained."""
        return as_skeleton(self.joints)

    @property
    def box_file(self) -> Path | None:
        """The file of the weights in the package; None where there are none of this skeleton."""
        path = paths.PACKAGE / 'shipped_weights' / f'{BOX_WEIGHTS.rpartition("/")[2]}.safetensors'
        return path if self.joints == COCO17.name and path.is_file() else None

    def joints_words(self) -> list[str]:
        """The option that makes another command measure the joints that are trained."""
        return [] if self.joints == COCO17.name else ['--joints', self.joints]

    def scale_words(self) -> list[str]:
        """The option that makes another command use the calibration all the same."""
        return ['--any-scale'] if self.trust else []

    def camera_words(self) -> list[str]:
        """The option that makes another command read the same cameras."""
        return ['--cameras', *self.cameras] if self.cameras else []

    def rename_words(self) -> list[str]:
        """The option that makes another command know the names of images and keypoints."""
        pairs = [f'{name}={camera}' for name, camera in self.rename.items()]
        return ['--rename', *pairs] if pairs else []

    def keypoint_words(self) -> list[str]:
        """The options that make another command read the keypoints in the same way."""
        offsets = [f'{camera}={offset}' for camera, offset in self.frame_offsets.items()]
        skeleton = ['--skeleton', self.skeleton] if self.skeleton else []
        return [*skeleton, *(['--frame-offsets', *offsets] if offsets else [])]

    @property
    def keypoint_reading(self) -> KeypointOptions:
        """How the keypoints are to be read."""
        return KeypointOptions(
            skeleton=find_skeleton(self.skeleton) if self.skeleton else None,
            frame_offsets=self.frame_offsets,
            rename=self.rename,
        )


def space_of_record(result: dict[str, Any]) -> CaptureVolume:
    """The space that the step ``space`` found."""
    return CaptureVolume(tuple(result['center_mm']), tuple(result['size_mm']))


def file_print(path: Path) -> str:
    """Sixteen characters that change with a file's content."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        for block in iter(lambda: file.read(1 << 20), b''):
            digest.update(block)
    return digest.hexdigest()[:16]


def data_print(data: Any) -> str:
    """The same of plain data."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]


def same_rig(one: CameraRig, other: CameraRig) -> bool:
    """Whether two rigs are one but for rounding in a file."""
    if one.names != other.names:
        return False
    return all(
        mine.size == its.size
        and mine.lens == its.lens
        and _close(mine.K, its.K, 1e-6)
        and _close(mine.R_w2c, its.R_w2c, 1e-7)
        and _close(mine.t_w2c, its.t_w2c, 1e-3)
        and _close(_padded(mine.dist), _padded(its.dist), 1e-7)
        for mine, its in zip(one, other)
    )


def _close(one: np.ndarray, other: np.ndarray, absolute: float) -> bool:
    return bool(np.allclose(one, other, rtol=1e-6, atol=absolute))


def _padded(dist: np.ndarray) -> np.ndarray:
    """(14,) coefficients; files leave zeros at the end away."""
    values = np.asarray(dist, dtype=float)
    return np.concatenate([values, np.zeros(14 - len(values))])
