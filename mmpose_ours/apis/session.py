"""Inference on one recording: results per frame, notes, timing and diagnosis."""

from __future__ import annotations

import dataclasses
import itertools
import math
import os
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, Mapping, Union

import numpy as np

from mmpose_ours.apis.adaptation import Adaptation
from mmpose_ours.apis.argument_checks import check_arguments, check_rate
from mmpose_ours.apis.assumptions import describe
from mmpose_ours.apis.diagnosis import Diagnosis, RunStatistics, diagnose_recording
from mmpose_ours.apis.object_adaptation import ObjectAdaptation
from mmpose_ours.apis.pose_estimation import ModelEstimation, ObjectEstimation, cameras_of
from mmpose_ours.apis.short_tracks import ShortTrackFilter
from mmpose_ours.apis.stage_timer import StageTimer
from mmpose_ours.apis.trajectories import Trajectories
from mmpose_ours.apis.view_sources import (
    IN_2D,
    IN_3D,
    KEYPOINTS,
    MEASURING,
    PARTS,
    TRACKING,
    Views,
)
from mmpose_ours.detections import Detections, KeypointFrames, arrays_of
from mmpose_ours.detections.joints import compared_joints, lost_joints, skeleton_of
from mmpose_ours.detections.reading import KeypointOptions
from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.parts.completion import PartCompletion
from mmpose_ours.parts.layout import whole_skeleton
from mmpose_ours.recordings.camera_names import by_camera
from mmpose_ours.recordings.footage import Footage, open_footage
from mmpose_ours.structures.frames import FrameResult, FrameSet
from mmpose_ours.structures.joint_maps import has_human_body
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.poses import Poses3D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17
from mmpose_ours.text import argument, counted
from mmpose_ours.tracking.smoothing import MAX_LAG_MM, PoseSmoother
from mmpose_ours.tracking.tracks import MAX_DISTANCE_MM, PeopleTracker, patience_at

if TYPE_CHECKING:
    from mmpose_ours.apis.inferencer import MultiviewInferencer

# Tracks with poses for less than this many seconds are counted as short, unless `min_track_s` says
# otherwise.
SHORT_TRACK_S = 0.25
Inputs = Union[PathLike, Mapping[str, Any], Iterable[Union[FrameSet, Mapping[str, np.ndarray]]]]
# Anything that is called with a result: a writer, an exporter, a function.
Sink = Callable[[FrameResult], None]
_numbers = itertools.count()


class InferenceSession:
    """Iterator over the results of one recording; made by ``MultiviewInferencer.open``.

    Args:
        inferencer: The rig, the model and the 2D detector.
        inputs: Images, as in :meth:`~mmpose_ours.apis.inferencer.MultiviewInferencer.open`, which
            describes the other arguments as well.
        keypoints: 2D keypoints, or None to detect them.
        keep_keypoints: File for the detected 2D keypoints; None does not save them.
        frame_offsets: Camera name to the number of its images before the first frame.
        rename: Name of images or keypoints to the camera that they are of.
        skeleton: The joints of the keypoints of a file, whatever it says.
        batch_size: Frames that the detector and the model process at once.
        smooth: Whether to smooth the poses over time.
        temporal: Whether to estimate trajectories from all frames together.
        fps: Frames per second; None takes the frame rate of the videos.
        min_track_s: Tracks with poses for less than this many seconds are removed; 0 keeps all.
        auto_level: Whether the results are in a level world with the floor z = 0.
        body_only: Whether the poses have the model's joints alone, and not feet, hands, face and
            other joints of the keypoints.
        progress: Called with a stage, how much of it is done, and of how much.

    Attributes:
        notes: Warnings about the recording (for example a camera without images), a sentence
            each, in the order in which they occurred.
        total: Number of frames of the recording, 0 if unknown.
        fps: Frames per second; None if unknown.
        statistics: Run statistics of the frames so far, for the diagnosis.
        track_filter: Counts the short tracks, and removes them if ``min_track_s`` is given.
        timer: Wall-clock time per stage.
        trajectories: Estimates trajectories; None without ``temporal``.
        skeleton: The joints of the poses.
        adaptation: What was measured on the recording: up axis, floor, volume, noise.
        keypoints: The given 2D keypoints by frame; None where they are detected.

    Raises:
        InputError: See :meth:`~mmpose_ours.apis.inferencer.MultiviewInferencer.open`.
    """

    def __init__(
        self,
        inferencer: MultiviewInferencer,
        inputs: Inputs | None,
        keypoints: PathLike | KeypointFrames | Detections | None,
        *,
        keep_keypoints: PathLike | None,
        frame_offsets: Mapping[str, int],
        rename: Mapping[str, str],
        skeleton: Skeleton | None,
        batch_size: int,
        smooth: bool,
        temporal: bool,
        fps: float | None,
        min_track_s: float,
        auto_level: bool,
        body_only: bool,
        progress: Callable[[str, int, int], None],
    ):
        frame_offsets = by_camera(frame_offsets, inferencer.rig.names, rename)
        self._rename = rename
        check_arguments(inferencer.rig.names, frame_offsets, batch_size, fps, min_track_s)
        self.inferencer = inferencer
        self.notes = list(inferencer.notes)
        self.timer = StageTimer()
        self.statistics = RunStatistics(inferencer.rig.names, frame_offsets)
        self.adaptation = Adaptation(inferencer, auto_level)
        # A name by which temporal tracking distinguishes recordings, also those of one file.
        self._estimation: ModelEstimation | ObjectEstimation = ModelEstimation(
            self.adaptation, f'recording {next(_numbers)}'
        )
        self._views = Views(inferencer.rig, self.timer, self.notes.append, progress)
        footage = self._footage(inputs, frame_offsets)
        self.total = footage.total if footage is not None else 0
        self.fps = fps or (footage.fps if footage is not None else None)
        check_rate(self.fps, min_track_s, smooth, temporal)
        self.trajectories = Trajectories(self) if temporal else None
        if inputs is None and keypoints is None:
            raise InputError(
                'no input; give images, keypoints, or both',
                code='missing-value',
                expected=['inputs', 'keypoints'],
            )
        frames = self._frames(inputs, footage)
        min_frames = math.ceil((min_track_s or SHORT_TRACK_S) * self.fps) if self.fps else 1
        patience = patience_at(self.fps)
        self.track_filter = ShortTrackFilter(min_frames, patience, drop=min_track_s > 0)
        self._smooth, self._patience, self._body_only = smooth, patience, body_only
        self._completion: PartCompletion | None = None
        self._detected: Skeleton | None = None
        self.skeleton = inferencer.model.joints
        self.keypoints: KeypointFrames | None = None
        if keypoints is None and not inferencer.sees_images:
            self._use(getattr(inferencer.detector, 'skeleton', None))
        model_inputs = self._model_inputs(
            frames, footage, keypoints, keep_keypoints, frame_offsets, skeleton, batch_size
        )
        estimated = self._estimate(model_inputs, batch_size)
        tracked = self._track(estimated)
        if self.trajectories is not None:
            tracked = self.trajectories(tracked)
        self._results = self.track_filter(tracked)

    def __iter__(self) -> Iterator[FrameResult]:
        return self

    def __next__(self) -> FrameResult:
        return next(self._results)

    def run(self, *sinks: Sink) -> int:
        """Call every sink with each remaining result; returns the number of results."""
        count = 0
        for result in self:
            for sink in sinks:
                sink(result)
            count += 1
        return count

    def diagnose(self) -> Diagnosis:
        """Find the likely causes of missing or wrong 3D poses, from the frames so far."""
        inferencer = self.inferencer
        rig_file = str(inferencer.rig_file or 'camera_parameters.json')
        return diagnose_recording(
            inferencer.rig,
            self.space if self.of_objects else inferencer.space,
            self.statistics,
            rig_file,
            people=not self.of_objects,
        )

    @property
    def rig(self) -> CameraRig:
        """The rig in the world of the results, known after the first result."""
        return self.adaptation.rig

    @property
    def space(self) -> CaptureVolume:
        """The capture volume in the world of the results, known after the first result."""
        return self.adaptation.space

    def assumptions(self) -> list[str]:
        """What was assumed of scene, volume and noise, why, and what to do if it is wrong."""
        if isinstance(self.adaptation, ObjectAdaptation):
            return self.adaptation.assumptions()
        return describe(self.adaptation)

    def timing(self) -> str:
        """The mean time per frame, by stage, as text."""
        count, ratio = self.statistics.frames, self.detection_time_ratio
        text = f'{counted(count, "frame")}; per frame: {self.timer.summary(count) or "nothing"}'
        return text if ratio is None else f'{text}; 2D takes {ratio:.0f} times as long as 3D'

    @property
    def detection_time_ratio(self) -> float | None:
        """Time of 2D detection divided by the time of 3D pose estimation.

        None if no detector ran, or if some detections were read from ``keep_keypoints``.
        """
        seconds = self.timer.seconds
        images = sum(self.statistics.images_by_camera.values())
        if not seconds.get(IN_2D) or not seconds.get(IN_3D) or self._views.decoded < images:
            return None
        return seconds[IN_2D] / seconds[IN_3D]

    def _footage(self, inputs: Inputs | None, offsets: Mapping[str, int]) -> Footage | None:
        """The image files or videos; None for other inputs."""
        # A mapping is camera name to files; anything else iterates over frames.
        if not isinstance(inputs, (str, os.PathLike, Mapping)):
            return None
        footage = open_footage(inputs, self.inferencer.rig.names, offsets, self._rename)
        self.notes += footage.notes
        return footage

    def _frames(self, inputs: Inputs | None, footage: Footage | None) -> Iterable[FrameSet]:
        frames: Iterable[FrameSet | Mapping[str, np.ndarray]] = ()
        if footage is not None:
            frames = footage
        elif inputs is not None:
            assert not isinstance(inputs, (str, os.PathLike, Mapping)), 'these are footage'
            frames = inputs
        frame_sets = (
            frame if isinstance(frame, FrameSet) else FrameSet(str(number), frame)
            for number, frame in enumerate(frames)
        )
        # Of image files, and of videos by time stamps, missing ones were reported when the cameras
        # were matched.
        matched = footage is not None and (footage.frames is not None or footage.rows is not None)
        return self._views.arriving(frame_sets, tell_ends=not matched)

    def _model_inputs(
        self,
        frames: Iterable[FrameSet],
        footage: Footage | None,
        keypoints: PathLike | KeypointFrames | Detections | None,
        keep_keypoints: PathLike | None,
        offsets: Mapping[str, int],
        skeleton: Skeleton | None,
        batch_size: int,
    ) -> Iterator[tuple[FrameSet, dict[str, np.ndarray]]]:
        """Frames with 2D keypoints, or with decoded images if the model takes images."""
        inferencer = self.inferencer
        model = type(inferencer.model).__name__
        if inferencer.sees_images:
            if keypoints is not None:
                raise InputError(
                    f'{model} of this config works from images and takes no keypoints; leave them '
                    'out, or use a config without a 2D network',
                    code='conflict',
                    found=model,
                )
            return self._views.pixels(frames)
        if keypoints is not None:
            with self.timer.stage(KEYPOINTS):
                options = KeypointOptions(
                    skeleton=skeleton, frame_offsets=offsets, rename=self._rename
                )
                where, fitted = self._views.given(keypoints, footage, options)
                self._use(skeleton_of(fitted))
                self.keypoints = fitted
                if not self.of_objects:
                    self.notes += lost_joints(fitted, inferencer.model.joints, where)
            self.total = self.total or len(fitted)
            frame_sets = self._views.from_keypoints(frames, fitted, where)
            frame_sets = self._measured(frame_sets, fitted)
        elif inferencer.detector is None:
            raise InputError(
                f'{model} works from 2D keypoints; give keypoints or a detector',
                code='missing-value',
                found=model,
                expected=['keypoints', 'detector'],
            )
        else:
            frame_sets = self._views.from_detector(
                frames, inferencer.detector, keep_keypoints, batch_size, self.total
            )
            frame_sets = self.adaptation.while_streaming(frame_sets, _people_of)
        return ((frame_set, {}) for frame_set in frame_sets)

    def _measured(
        self, frame_sets: Iterable[FrameSet], keypoints: KeypointFrames
    ) -> Iterator[FrameSet]:
        """The same frames, after the scene and the noise have been measured on the keypoints."""
        with self.timer.stage(MEASURING):
            self.adaptation.from_recording(keypoints)
        yield from frame_sets

    @property
    def of_objects(self) -> bool:
        """Whether the skeleton has no human body, so that no model estimates the poses."""
        return isinstance(self.adaptation, ObjectAdaptation)

    def _use(self, detected: Skeleton | None) -> None:
        """Choose the method and the skeleton of the poses by that of the detections."""
        model = self.inferencer.model.joints
        if detected is None or detected.joints == model.joints or has_human_body(detected):
            self._detected = None if self._body_only else detected
            if self._detected is not None and set(COCO17.joints) <= set(model.joints):
                self.skeleton = whole_skeleton(self._detected, model)
            return
        of_people = {'body_only': self._body_only, 'auto_level': self.adaptation.auto_level}
        for name in (name for name, wanted in of_people.items() if wanted):
            raise InputError(
                f'{argument(name, True)} needs people, but {detected.name} has no human body; '
                'leave it out',
                code='conflict',
                found=detected.name,
            )
        self.adaptation = ObjectAdaptation(self.inferencer, detected)
        self._estimation, self.skeleton = ObjectEstimation(self.adaptation), detected
        self.notes.append(
            f'{detected.name} has no human body: poses are triangulated without model and body '
            'prior, from detections that two views or more show; up axis, floor, unit and '
            'exchanged left and right sides, which only people tell, are not checked'
        )

    def _estimate(
        self, inputs: Iterable[tuple[FrameSet, dict[str, np.ndarray]]], batch_size: int
    ) -> Iterator[FrameResult]:
        """The 3D poses of every frame, without track IDs."""
        iterator = iter(inputs)
        while batch := list(itertools.islice(iterator, batch_size)):
            with self.timer.stage(IN_3D):
                estimates = self._estimation(batch)
            for (frame_set, pixels), estimate in zip(batch, estimates):
                cameras, keypoints = cameras_of(frame_set, pixels), frame_set.keypoints
                compared = compared_joints(self.skeleton)
                detections = None if keypoints is None else arrays_of(keypoints, compared)
                scores = estimate.best_score, estimate.min_score
                self.statistics.add(detections, len(estimate.poses), *scores, cameras)
                yield FrameResult(
                    frame_set.frame, estimate.poses, cameras, keypoints or {}, frame_set.images
                )

    def _track(self, results: Iterable[FrameResult]) -> Iterator[FrameResult]:
        """The same poses with track IDs, smoothed if that is wanted."""
        tracker, smoother = None, None
        for result in results:
            poses = result.poses
            if tracker is None and len(poses):  # the size of objects is known by now
                tracker, smoother = self._filters(poses)
            with self.timer.stage(TRACKING):
                if tracker is not None:
                    ids = tracker(poses.xyz_mm, views=poses.views)
                    poses = dataclasses.replace(poses, track_ids=ids)
            with self.timer.stage(PARTS):
                poses = self._completed(poses, result.keypoints)
            if smoother is not None:
                poses = dataclasses.replace(poses, xyz_mm=smoother(poses.xyz_mm, ids))
            yield dataclasses.replace(result, poses=poses)

    def _filters(self, poses: Poses3D) -> tuple[PeopleTracker, PoseSmoother | None]:
        """What tracks and smooths, with thresholds that suit people, or the size of objects."""
        gate_mm, lag_mm = MAX_DISTANCE_MM, MAX_LAG_MM
        if isinstance(self.adaptation, ObjectAdaptation):
            gate_mm = self.adaptation.gate_mm(poses.xyz_mm)
            lag_mm = self.adaptation.max_lag_mm(poses.xyz_mm)
        smoother = None
        if self._smooth and self.fps is not None:
            smoother = PoseSmoother(self.fps, max_lag_mm=lag_mm)
        return PeopleTracker(gate_mm, self._patience), smoother

    def _completed(self, poses: Poses3D, keypoints: Mapping[str, Keypoints2D]) -> Poses3D:
        """The poses with feet, hands and other joints that the keypoints have."""
        if self.skeleton == poses.skeleton or self._detected is None:
            return poses
        if self._completion is None:  # the world of the results is known by now
            self._completion = PartCompletion(
                self.rig, self._detected, self.inferencer.model.joints
            )
        return self._completion(poses, keypoints)


def _people_of(frame_set: FrameSet) -> Mapping[str, Keypoints2D]:
    return frame_set.keypoints or {}
