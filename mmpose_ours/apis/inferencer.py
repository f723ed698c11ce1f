"""Images in, 3D poses out: one rig, one model, and a 2D detector or its keypoints."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any, Mapping, Sequence, cast

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmpose_ours.apis.model_runner import (
    load_model,
    moved_space,
    pipeline_of,
    rig_file_of,
    tested_dataset,
)
from mmpose_ours.apis.session import InferenceSession, Inputs
from mmpose_ours.apis.view_sources import StageProgress
from mmpose_ours.calibration import check_space, fit_space, read_rig
from mmpose_ours.calibration.capture_volume import MAX_EDGE_MM, Z_CENTER_MM, Z_SIZE_MM
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.detections import Detections, KeypointFrames
from mmpose_ours.detectors import Detector
from mmpose_ours.detectors import detector as detector_by_name
from mmpose_ours.engine.config_files import read_config
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.io import package_files as paths
from mmpose_ours.recordings.camera_names import cameras_called
from mmpose_ours.recordings.footage import sized_by_images
from mmpose_ours.sources import from_options
from mmpose_ours.structures.skeleton import Skeleton

__all__ = ['MultiviewInferencer']

# The pretrained pose prior: it needs no training.
DEFAULT_CONFIG = 'ours/keypoint_prior_ours.py'


class MultiviewInferencer:
    """Runs a model on recordings of one rig.

    Args:
        config: Config of the model, a file or MMEngine's ``Config``; None is the pretrained pose
            prior, whose weights come with the package.
        checkpoint: Its weights, a file or ``mmpose-ours://NAME``; None takes the config's
            ``load_from``.
        rig: Calibration file in any supported format, or its files, or the cameras; None takes
            the config's.
        rig_format: See :func:`mmpose_ours.calibration.read_rig`.
        rig_options: Further arguments of it, for files that do not specify them: ``unit``, ``up``,
            ``image_size``, ``extrinsics``, ``translation``.
        images: Folder of a recording, for image sizes that are missing in the calibration.
        rename: Name of images, a video or keypoints to the camera that they are of, where the names
            do not tell; see :mod:`mmpose_ours.recordings.camera_names`.
        cameras: Names of the cameras to use; None is all.
        space: The capture volume; None takes the config's if that belongs to this rig, and
            otherwise fits it to the rig.
        any_scale: Accept a rig whose size is unusual for people (for example around a desk).
        detector: The 2D detector, for recordings without keypoints: one of
            :mod:`mmpose_ours.detectors`, or its name. Not used by a model that takes images.
        device: ``'cpu'``, ``'cuda:0'``, ...; None is a GPU where there is one.

    Raises:
        CalibrationError: The rig cannot be used; names file, camera and fix.
        InputError: The model has weights and none are given, or they do not fit.

    Examples:
        >>> import numpy as np
        >>> from mmpose_ours import Camera, CameraRig, write_detections
        >>> from mmpose_ours.synthetic import built_in_poses
        >>> places = [(-3000, -3000, 2000), (3000, -3000, 2000), (0, 3000, 2000)]
        >>> rig = CameraRig(tuple(
        ...     Camera.looking_at(f'cam{i}', place, (0, 0, 1000), 800, (1280, 720))
        ...     for i, place in enumerate(places)
        ... ))
        >>> true = built_in_poses(1, np.random.default_rng(0))  # (1, 17, 3) mm
        >>> uv, valid = rig.project(true)
        >>> keypoints = np.concatenate([uv, valid[..., None]], -1)  # views, people, joints, 3
        >>> frames = {t: dict(zip(rig.names, keypoints)) for t in range(10)}
        >>> write_detections('keypoints_2d.json', frames)
        >>> inferencer = MultiviewInferencer(rig=rig)
        >>> results = list(inferencer.open(keypoints='keypoints_2d.json'))
        >>> len(results), results[0].poses.xyz_mm.shape
        (10, (1, 17, 3))
        >>> bool(np.abs(results[0].poses.xyz_mm - true).max() < 20)  # mm
        True
    """

    def __init__(
        self,
        config: PathLike | Config | None = None,
        checkpoint: PathLike | None = None,
        rig: PathLike | Sequence[PathLike] | CameraRig | None = None,
        *,
        rig_format: str = 'auto',
        rig_options: Mapping[str, Any] | None = None,
        images: PathLike | None = None,
        rename: Mapping[str, str] | None = None,
        cameras: Sequence[str] | None = None,
        space: CaptureVolume | None = None,
        any_scale: bool = False,
        detector: Detector | str | None = None,
        device: str | None = None,
    ):
        if config is None:
            config = paths.share('configs') / DEFAULT_CONFIG
        self.config = config if isinstance(config, Config) else read_config(config)
        init_default_scope('mmpose_ours')
        self.device = device or ('cuda:0' if torch.cuda.is_available() else 'cpu')
        self.model = load_model(self.config, checkpoint, self.device)
        dataset = tested_dataset(self.config)
        self.pipeline = pipeline_of(dataset)
        self.sees_images = self.model.sees_images
        self.rig_file: PathLike | None = None  # as messages call it
        self.rename = dict(rename or {})
        if isinstance(rig, CameraRig):
            self.rig = rig.select(cameras_called(cameras, rig.names)) if cameras else rig
        else:
            files = rig_file_of(dataset) if rig is None else rig
            if isinstance(files, (list, tuple)):
                self.rig_file = ' '.join(map(str, files))
            else:
                self.rig_file = Path(cast(PathLike, files))
            how = dict(rig_options or {}, cameras=cameras, any_scale=any_scale)
            self.rig = read_rig(files, rig_format, **how)
        if images is not None:
            self.rig = sized_by_images(self.rig, images, rename)
        self.notes: list[str] = []  # on every recording
        # Models that work from keypoints find people anywhere: the volume is where they look first.
        self.adapts = not (self.sees_images or self.model.fixed_volume_size)
        self.given_space = space
        if self.adapts:
            self.model.margin_mm = math.inf
        stated = dataset.get('space')
        if space is None and stated:
            space = from_options(CaptureVolume, stated, 'space')
            if rig is not None and not self._is_of_this_rig(dataset):
                space = moved_space(self.model, space, self.rig, self.notes.append)
        self.space = space or self._fitted_space()
        if not self.adapts or self.given_space is not None:
            check_space(self.rig, self.space)
        self.detector = detector_by_name(detector) if isinstance(detector, str) else detector
        self._rigs = {self.rig.names: self.rig}

    def open(
        self,
        inputs: Inputs | None = None,
        keypoints: PathLike | KeypointFrames | Detections | None = None,
        *,
        keep_keypoints: PathLike | None = None,
        frame_offsets: Mapping[str, int] | None = None,
        rename: Mapping[str, str] | None = None,
        skeleton: Skeleton | None = None,
        batch_size: int = 1,
        smooth: bool = False,
        temporal: bool = False,
        fps: float | None = None,
        min_track_s: float = 0.0,
        auto_level: bool = False,
        body_only: bool = False,
        progress: StageProgress = lambda stage, done, total: None,
    ) -> InferenceSession:
        """Open a recording for inference; several sessions may be iterated in turn.

        Args:
            inputs: A folder with images of every camera, or camera name to a video, a folder
                or a list of images (see :func:`mmpose_ours.recordings.footage.open_footage`); or
                frames one after another, camera name to an image each. None works from keypoints
                alone.
            keypoints: 2D keypoints, a file that is read by
                :func:`~mmpose_ours.detections.open_keypoints` or what that returns; arrays
                (P, 17, 3) are of COCO-17. None asks the detector.
            keep_keypoints: File for the detections; images that are in it already
                are not processed again.
            frame_offsets: Camera name to the number of its images before the first frame.
            rename: Name of images, a video or keypoints to the camera that they are of; None takes
                that of the inferencer.
            skeleton: The joints of the keypoints of a file, whatever it says; see
                :func:`~mmpose_ours.find_skeleton`.
            batch_size: Frames that the detector and the model process at once.
            smooth: Whether to smooth joints over time.
            temporal: Whether to estimate trajectories from all frames together (see
                :mod:`mmpose_ours.temporal`). The first result then comes after the last frame has
                been read, and memory grows with the recording.
            fps: Frames per second; None asks the videos.
            min_track_s: Tracks with poses for less than this many seconds are removed. Results are
                then delayed until the length of their tracks is known, and contain images as
                files only. 0 keeps all tracks.
            auto_level: Results are in a level world with the floor z = 0, as people show it, and
                not in the world of the calibration; the session's ``rig`` is in that world, too.
            body_only: The poses have the model's joints alone. By default they have every joint of
                the keypoints: feet, hands and face where two views agree on them, else NaN.
            progress: Called while 2D keypoints are read (``'reading keypoints'``) or detected
                (``'2D keypoints'``): with this name, how many files or frames are done, and of how
                many, 0 if unknown.

        Returns:
            An iterator over the :class:`~mmpose_ours.structures.frames.FrameResult` of every frame,
            also of those without people. Memory does not grow with the recording, but with
            ``temporal``.

        Raises:
            FileNotFoundError, FileFormatError: An input is missing or invalid.
            InputError: There are neither keypoints nor a detector, or ``smooth``, ``temporal``
                or ``min_track_s`` is used and the frame rate is unknown. While iterating: an image
                has another size than the calibration.
        """
        return InferenceSession(
            self,
            inputs,
            keypoints,
            keep_keypoints=keep_keypoints,
            frame_offsets=frame_offsets or {},
            rename=self.rename if rename is None else rename,
            skeleton=skeleton,
            batch_size=batch_size,
            smooth=smooth,
            temporal=temporal,
            fps=fps,
            min_track_s=min_track_s,
            auto_level=auto_level,
            body_only=body_only,
            progress=progress,
        )

    __call__ = open

    def rig_of(self, names: tuple[str, ...]) -> CameraRig:
        """A rig of some of the cameras, cached with what the model computed for it."""
        if names not in self._rigs:
            self._rigs[names] = self.rig.select(names)
        return self._rigs[names]

    def _fitted_space(self) -> CaptureVolume:
        """The volume where the cameras see people who stand on the floor z = 0.

        Raises:
            CalibrationError: There is none, and the model needs it.
        """
        try:
            return fit_space(self.rig)
        except CalibrationError:
            if not self.adapts:
                raise
            center = self.rig.centers_w.mean(0)
            return CaptureVolume((*center[:2], Z_CENTER_MM), (MAX_EDGE_MM, MAX_EDGE_MM, Z_SIZE_MM))

    def _is_of_this_rig(self, dataset: Mapping[str, Any]) -> bool:
        """Whether a config's dataset has the same rig, so that its capture volume applies."""
        try:
            config_rig = read_rig(rig_file_of(dataset)).select(self.rig.names)
        except (CalibrationError, KeyError, OSError, ValueError):
            return False
        # Some formats have no image sizes; those of this rig then came from the images.
        sized = (
            dataclasses.replace(camera, size=camera.size or here.size)
            for camera, here in zip(config_rig, self.rig)
        )
        return CameraRig(tuple(sized)).fingerprint == self.rig.fingerprint
