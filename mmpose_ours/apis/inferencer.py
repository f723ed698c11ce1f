"""Images in, 3D poses out: one rig, one model, and a 2D detector or its keypoints.

>>> inferencer = MultiviewInferencer(rig='data/Ours/camera_parameters.json')  # doctest: +SKIP
>>> for people in inferencer('data/Ours', keypoints='data/Ours/keypoints_2d.json'):
...     print(people.frame, people.ids, people.poses_mm.shape)
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import os
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, Sequence, Union

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope

from mmpose_ours.apis.diagnosis import Diagnosis, RunStatistics, diagnose_recording
from mmpose_ours.apis.model_runner import (
    People,
    load_model,
    loads_images,
    moved_space,
    people_of,
    pipeline_of,
    rig_file_of,
    tested_dataset,
)
from mmpose_ours.apis.short_tracks import BriefTracks
from mmpose_ours.apis.stage_timer import Stopwatch
from mmpose_ours.apis.view_sources import IN_2D, IN_3D, KEYPOINTS, TRACKING, Seen, Views
from mmpose_ours.calibration import check_space, fit_space, read_rig
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.detections import (
    Detections,
    KeypointFrames,
    arrays_of,
    open_keypoints,
    stack_keypoints,
)
from mmpose_ours.detectors import Detector
from mmpose_ours.detectors import detector as detector_by_name
from mmpose_ours.engine.config_files import read_config
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.cameras import CameraRig, CaptureVolume
from mmpose_ours.io import package_files as paths
from mmpose_ours.recordings.frames import Footage, FrameSet, open_footage, sized_by_images
from mmpose_ours.sources import from_options
from mmpose_ours.structures.skeletons import COCO17
from mmpose_ours.tracking.smoothing import PoseSmoother
from mmpose_ours.tracking.tracks import PeopleTracker, patience_at

__all__ = ['MultiviewInferencer', 'People']

# The pretrained pose prior: it needs no training.
DEFAULT_CONFIG = 'ours/keypoint_prior_ours.py'
# Tracks of less than so many seconds are reported, though nobody asked to leave them out.
BRIEF_S = 0.25
Inputs = Union[PathLike, Mapping[str, Any], Iterable[Union[FrameSet, Mapping[str, np.ndarray]]]]


class MultiviewInferencer:
    """Runs a model on recordings of one rig.

    Args:
        config: Of the model, a file or MMEngine's ``Config``; None is the learned prior whose
            weights come with the package.
        checkpoint: Its weights, a file or ``mmpose-ours://NAME``; None takes the config's
            ``load_from``.
        rig: Calibration file of any format that is read, or the cameras; None takes the
            config's.
        rig_format: See :func:`mmpose_ours.calibration.read_rig`.
        rig_options: More of its arguments, for files that do not say all: ``unit``, ``up``,
            ``image_size``.
        images: Folder of a recording, which says the image sizes that the calibration lacks.
        cameras: Names of the cameras to use; None is all.
        space: Where to look for people; None takes the config's where that is of this rig, or
            fits it to the rig.
        any_scale: Accept a rig that is not one around people.
        detector: Finds people in images, for recordings without keypoints: one of
            :mod:`mmpose_ours.detectors`, or its name. Not used by a model that looks at images
            itself.
        device: ``'cpu'``, ``'cuda:0'``, ...; None is a GPU where there is one.

    Raises:
        CalibrationError: The rig cannot be used; names file, camera and fix.
        ValueError: The model has weights and none are given, or they do not fit.
    """

    def __init__(
        self,
        config: PathLike | Config | None = None,
        checkpoint: PathLike | None = None,
        rig: PathLike | CameraRig | None = None,
        *,
        rig_format: str = 'auto',
        rig_options: Mapping[str, Any] | None = None,
        images: PathLike | None = None,
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
        self.sees_images = loads_images(self.pipeline)
        self.rig_file = None
        if isinstance(rig, CameraRig):
            self.rig = rig.select(cameras) if cameras else rig
        else:
            self.rig_file = Path(rig) if rig is not None else rig_file_of(dataset)
            how = dict(rig_options or {}, cameras=cameras, any_scale=any_scale)
            self.rig = read_rig(self.rig_file, rig_format, **how)
        if images is not None:
            self.rig = sized_by_images(self.rig, images)
        self._standing: list[str] = []  # notes on every recording
        stated = dataset.get('space')
        if space is None and stated:
            space = from_options(CaptureVolume, stated, 'space')
            if rig is not None and not self._is_of_this_rig(dataset):
                space = moved_space(self.model, space, self.rig, self._standing.append)
        self.space = space or fit_space(self.rig)
        check_space(self.rig, self.space)
        self.detector = detector_by_name(detector) if isinstance(detector, str) else detector
        self.notes = list(self._standing)
        self.footage: Footage | None = None
        self.total = 0  # frames of the recording, 0 where nobody knows
        self.watch = Stopwatch()
        self.statistics = RunStatistics(self.rig.names)
        self.brief = BriefTracks(1, 0, drop=False)
        self._views = Views(self.rig, self.watch, self.notes.append)
        self._rigs = {self.rig.names: self.rig}

    def __call__(
        self,
        inputs: Inputs | None = None,
        keypoints: PathLike | KeypointFrames | Detections | None = None,
        *,
        keep_keypoints: PathLike | None = None,
        frame_offsets: Mapping[str, int] | None = None,
        batch_size: int = 1,
        smooth: bool = False,
        fps: float | None = None,
        min_track_s: float = 0.0,
    ) -> Iterator[People]:
        """Find people, frame by frame; memory does not grow with the recording.

        Args:
            inputs: A folder with images of every camera, or camera name to a video, a folder
                or a list of images (see :func:`mmpose_ours.recordings.frames.open_footage`); or
                frames one after another, camera name to an image each. None works from keypoints
                alone.
            keypoints: 2D keypoints, a file that is read by
                :func:`~mmpose_ours.detections.open_keypoints` or what that returns; arrays
                (P, 17, 3) are of COCO-17. None asks the detector.
            keep_keypoints: File for what the detector finds; images that it knows already are
                not looked at again.
            frame_offsets: Camera name to how many of its images come before the first frame.
            batch_size: Frames that detector and model are given at once.
            smooth: Whether to smooth joints over time.
            fps: Frames per second; None asks the videos.
            min_track_s: Tracks that are found for less than so many seconds are left out.
                Frames then come as much later as it takes to know, and without images that
                are no files. 0 keeps everybody.

        Yields:
            The people of every frame, also of those with nobody.

        Raises:
            FileNotFoundError, FileFormatError: There is nothing to work on, or it does not fit.
            ValueError: An image is not of the size that was calibrated; or neither keypoints
                nor a detector are there.
        """
        self.notes, self.watch = list(self._standing), Stopwatch()
        self.statistics = RunStatistics(self.rig.names)
        self._views = Views(self.rig, self.watch, self.notes.append)
        footage = self._footage(inputs, frame_offsets)
        self.footage, self.total = footage, footage.total if footage is not None else 0
        seen = self._seen(inputs, keypoints, keep_keypoints, frame_offsets or {}, batch_size)
        fps = fps or (footage.fps if footage is not None else None)
        if smooth and fps is None:
            raise ValueError('smoothing needs to know how long a frame lasts; give fps')
        if min_track_s and fps is None:
            raise ValueError(
                f'to leave out who is there for less than {min_track_s:g} s, it must be known how '
                'long a frame lasts; give fps'
            )
        smoother = PoseSmoother(fps) if smooth and fps is not None else None
        least = math.ceil((min_track_s or BRIEF_S) * fps) if fps else 1
        self.brief = BriefTracks(least, patience_at(fps), drop=min_track_s > 0)
        found = self._everybody(seen, batch_size, _name_of(inputs, keypoints))
        yield from self.brief(
            self._numbered(found, PeopleTracker(patience=patience_at(fps)), smoother)
        )

    def diagnose(self) -> Diagnosis:
        """Say why the last recording gave nobody, or nonsense."""
        return diagnose_recording(
            self.rig, self.space, self.statistics, str(self.rig_file or 'camera_parameters.json')
        )

    def timing(self) -> str:
        """How long a frame of the last recording took, stage by stage."""
        count, ratio = self.statistics.frames, self.ratio
        text = f'{count} frames; per frame: {self.watch.summary(count) or "nothing"}'
        return text if ratio is None else f'{text}; 2D takes {ratio:.0f} times as long as 3D'

    @property
    def ratio(self) -> float | None:
        """How many times longer 2D detection took than 3D, in the last recording.

        None where no detector ran, or not on every image, since it knew some.
        """
        seconds = self.watch.seconds
        images = sum(self.statistics.images.values())
        if not seconds.get(IN_2D) or not seconds.get(IN_3D) or self._views.decoded < images:
            return None
        return seconds[IN_2D] / seconds[IN_3D]

    def _everybody(self, seen: Iterable[Seen], batch_size: int, recording: str) -> Iterator[People]:
        """The people of every frame."""
        for batch in _in_batches(seen, batch_size):
            yield from self._found(batch, self._samples(batch, recording))

    def _numbered(
        self, frame_sets: Iterable[People], tracker: PeopleTracker, smoother: PoseSmoother | None
    ) -> Iterator[People]:
        """The same people with track IDs, smoothed if there is a smoother."""
        for people in frame_sets:
            with self.watch.stage(TRACKING):
                ids = tracker(people.poses_mm, views=people.views)
                poses = people.poses_mm if smoother is None else smoother(people.poses_mm, ids)
            yield dataclasses.replace(people, ids=ids, poses_mm=poses)

    def _is_of_this_rig(self, dataset: Mapping[str, Any]) -> bool:
        """Whether a config's dataset is of the rig at hand, so that its space is too."""
        try:
            theirs = read_rig(rig_file_of(dataset)).select(self.rig.names)
        except (CalibrationError, KeyError, OSError, ValueError):
            return False
        # Some formats know no image sizes, which came from the images then.
        sized = (
            dataclasses.replace(camera, size=camera.size or here.size)
            for camera, here in zip(theirs, self.rig)
        )
        return CameraRig(tuple(sized)).fingerprint == self.rig.fingerprint

    def _footage(self, inputs: Inputs | None, offsets: Mapping[str, int] | None) -> Footage | None:
        """The images, if they are files."""
        # A mapping is camera name to files, anything else one frame after another.
        if not isinstance(inputs, (str, os.PathLike, Mapping)):
            return None
        footage = open_footage(inputs, self.rig.names, offsets)
        self.notes += footage.notes
        return footage

    def _seen(
        self,
        inputs: Inputs | None,
        keypoints: PathLike | KeypointFrames | Detections | None,
        keep_keypoints: PathLike | None,
        offsets: Mapping[str, int],
        batch_size: int,
    ) -> Iterable[Seen]:
        """What there is to see, whatever it comes from."""
        model = type(self.model).__name__
        frame_sets = self._frames(inputs)
        if keypoints is not None and self.sees_images:
            raise ValueError(
                f'{model} of this config looks at images itself and takes no keypoints; leave '
                'them out, or take a config without a 2D network'
            )
        if keypoints is not None:
            where = 'the keypoints'
            with self.watch.stage(KEYPOINTS):
                if isinstance(keypoints, (str, os.PathLike)):
                    where = os.fspath(keypoints)
                    keypoints = open_keypoints(keypoints, self.rig.names)
            self.total = self.total or len(keypoints)
            return self._views.from_keypoints(frame_sets, keypoints, where, offsets)
        if inputs is None:
            raise ValueError('there is nothing to work on; give images, keypoints, or both')
        if self.sees_images:
            return self._views.as_images(frame_sets)
        if self.detector is None:
            raise ValueError(f'{model} works from 2D keypoints; give keypoints or a detector')
        return self._views.from_detector(frame_sets, self.detector, keep_keypoints, batch_size)

    def _frames(self, inputs: Inputs | None) -> Iterable[FrameSet]:
        footage = self.footage
        moments: Iterable[FrameSet | Mapping[str, np.ndarray]] = ()
        if footage is not None:
            moments = footage
        elif inputs is not None:
            assert not isinstance(inputs, (str, os.PathLike, Mapping)), 'these are footage'
            moments = inputs
        frame_sets = (
            moment if isinstance(moment, FrameSet) else FrameSet(str(number), moment)
            for number, moment in enumerate(moments)
        )
        # Of images, those that are missing were reported when they were matched.
        matched = footage is not None and footage.frames is not None
        return self._views.arriving(frame_sets, tell_ends=not matched)

    def _samples(self, batch: Sequence[Seen], recording: str) -> list:
        """What the model says of each frame; None where no two cameras took part."""
        samples: list[Any] = [None] * len(batch)
        least = min(2, len(self.rig))
        rows = [row for row, (_, views) in enumerate(batch) if len(views) >= least]
        with self.watch.stage(IN_3D), torch.no_grad():
            packed = [self.pipeline(self._info(*batch[row], recording)) for row in rows]
            if packed:
                for row, sample in zip(rows, self.model.test_step(pseudo_collate(packed))):
                    samples[row] = sample.cpu()
        return samples

    def _info(self, frame_set: FrameSet, views: Mapping[str, np.ndarray], recording: str) -> dict:
        """What the pipeline takes."""
        rig, joints = self._rig_of(tuple(views)), self.model.joints.name
        info = dict(
            rig=rig,
            space=self.space,
            joints=joints,
            recording=recording,
            frame_id=frame_set.frame,
        )
        if self.sees_images:
            return dict(info, images=list(views.values()))
        return dict(info, keypoints_2d=stack_keypoints(views, rig.names, self.model.joints))

    def _rig_of(self, names: tuple[str, ...]) -> CameraRig:
        """The cameras that took part; what is worked out for a rig is kept with it."""
        if names not in self._rigs:
            self._rigs[names] = self.rig.select(names)
        return self._rigs[names]

    def _found(self, batch: Sequence[Seen], samples: Sequence) -> Iterator[People]:
        for (frame_set, views), sample in zip(batch, samples):
            detections = None if self.sees_images else views
            people = people_of(frame_set, sample, self.model.joints, tuple(views), detections or {})
            said = {} if sample is None else sample
            scores = said.get('best_score'), said.get('least_score')
            checked = None if detections is None else arrays_of(detections, COCO17)
            self.statistics.add(checked, len(people.poses_mm), *scores, people.cameras)
            yield people


def _name_of(inputs: Any, keypoints: Any) -> str:
    """A recording's name, by which temporal tracking knows that it is still the same."""
    named = next((x for x in (inputs, keypoints) if isinstance(x, (str, os.PathLike))), None)
    return os.fspath(named) if named is not None else 'recording'


def _in_batches(frame_sets: Iterable[Seen], size: int) -> Iterator[list[Seen]]:
    iterator = iter(frame_sets)
    while batch := list(itertools.islice(iterator, max(1, size))):
        yield batch
