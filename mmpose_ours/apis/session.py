"""One recording on its way through a model: results, notes, timing and diagnosis.

>>> session = inferencer.open('data/Ours', keypoints='keypoints_2d.json')  # doctest: +SKIP
>>> for result in session:
...     print(result.frame, result.track_ids, result.poses.xyz_mm.shape)
>>> print(session.timing())
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import os
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, Mapping, Sequence, Union

import numpy as np
import torch
from mmengine.dataset import pseudo_collate

from mmpose_ours.apis.diagnosis import Diagnosis, RunStatistics, diagnose_recording
from mmpose_ours.apis.model_runner import poses_of
from mmpose_ours.apis.short_tracks import BriefTracks
from mmpose_ours.apis.stage_timer import Stopwatch
from mmpose_ours.apis.view_sources import IN_2D, IN_3D, KEYPOINTS, TRACKING, Views
from mmpose_ours.detections import (
    Detections,
    KeypointFrames,
    arrays_of,
    open_keypoints,
    stack_keypoints,
)
from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.recordings.frames import Footage, open_footage
from mmpose_ours.structures.frames import FrameResult, FrameSet
from mmpose_ours.structures.skeletons import COCO17
from mmpose_ours.text import argument
from mmpose_ours.tracking.smoothing import PoseSmoother
from mmpose_ours.tracking.tracks import PeopleTracker, patience_at

if TYPE_CHECKING:
    from mmpose_ours.apis.inferencer import MultiviewInferencer

# Tracks of less than so many seconds are reported, though nobody asked to leave them out.
BRIEF_S = 0.25
Inputs = Union[PathLike, Mapping[str, Any], Iterable[Union[FrameSet, Mapping[str, np.ndarray]]]]
# Whatever takes results: a writer, an exporter, a function.
Sink = Callable[[FrameResult], None]
_numbers = itertools.count()


class InferenceSession:
    """Iterates over the results of one recording; made by ``MultiviewInferencer.open``.

    Attributes:
        notes: Sentences on what is amiss, in the order in which it was noticed.
        total: How many frames the recording has, 0 where that is not known.
        fps: Frames per second, if known.
        statistics: What was seen so far, for the diagnosis.
        brief: Short tracks so far.
        watch: Time by stage.
    """

    def __init__(
        self,
        inferencer: MultiviewInferencer,
        inputs: Inputs | None,
        keypoints: PathLike | KeypointFrames | Detections | None,
        *,
        keep_keypoints: PathLike | None,
        frame_offsets: Mapping[str, int],
        batch_size: int,
        smooth: bool,
        fps: float | None,
        min_track_s: float,
    ):
        self.inferencer = inferencer
        self.notes = list(inferencer.notes)
        self.watch = Stopwatch()
        self.statistics = RunStatistics(inferencer.rig.names)
        self._views = Views(inferencer.rig, self.watch, self.notes.append)
        # A name by which temporal tracking distinguishes recordings, also those of one file.
        self._name = f'recording {next(_numbers)}'
        footage = self._footage(inputs, frame_offsets)
        self.total = footage.total if footage is not None else 0
        self.fps = fps or (footage.fps if footage is not None else None)
        if smooth and self.fps is None:
            raise InputError(
                f'smoothing needs to know how long a frame lasts; give {argument("fps")}',
                code='missing-value',
                expected='fps',
            )
        if min_track_s and self.fps is None:
            raise InputError(
                f'to leave out who is there for less than {min_track_s:g} s, it must be known how '
                f'long a frame lasts; give {argument("fps")}',
                code='missing-value',
                expected='fps',
            )
        if inputs is None and keypoints is None:
            raise InputError(
                'there is nothing to work on; give images, keypoints, or both',
                code='missing-value',
                expected=['inputs', 'keypoints'],
            )
        frames = self._frames(inputs, footage)
        least = math.ceil((min_track_s or BRIEF_S) * self.fps) if self.fps else 1
        self.brief = BriefTracks(least, patience_at(self.fps), drop=min_track_s > 0)
        smoother = PoseSmoother(self.fps) if smooth and self.fps is not None else None
        tracker = PeopleTracker(patience=patience_at(self.fps))
        work = self._work(frames, keypoints, keep_keypoints, frame_offsets, batch_size)
        self._results = self.brief(self._tracked(self._found(work, batch_size), tracker, smoother))

    def __iter__(self) -> Iterator[FrameResult]:
        return self

    def __next__(self) -> FrameResult:
        return next(self._results)

    def run(self, *sinks: Sink) -> int:
        """Hand every result that is left to some sinks; returns how many there were."""
        count = 0
        for result in self:
            for sink in sinks:
                sink(result)
            count += 1
        return count

    def diagnose(self) -> Diagnosis:
        """Say why the recording gave nobody, or nonsense, so far."""
        inferencer = self.inferencer
        rig_file = str(inferencer.rig_file or 'camera_parameters.json')
        return diagnose_recording(inferencer.rig, inferencer.space, self.statistics, rig_file)

    def timing(self) -> str:
        """How long a frame took, stage by stage."""
        count, ratio = self.statistics.frames, self.ratio
        text = f'{count} frames; per frame: {self.watch.summary(count) or "nothing"}'
        return text if ratio is None else f'{text}; 2D takes {ratio:.0f} times as long as 3D'

    @property
    def ratio(self) -> float | None:
        """How many times longer 2D detection took than 3D.

        None where no detector ran, or not on every image, since it knew some.
        """
        seconds = self.watch.seconds
        images = sum(self.statistics.images.values())
        if not seconds.get(IN_2D) or not seconds.get(IN_3D) or self._views.decoded < images:
            return None
        return seconds[IN_2D] / seconds[IN_3D]

    def _footage(self, inputs: Inputs | None, offsets: Mapping[str, int]) -> Footage | None:
        """The images, if they are files."""
        # A mapping is camera name to files, anything else one frame after another.
        if not isinstance(inputs, (str, os.PathLike, Mapping)):
            return None
        footage = open_footage(inputs, self.inferencer.rig.names, offsets)
        self.notes += footage.notes
        return footage

    def _frames(self, inputs: Inputs | None, footage: Footage | None) -> Iterable[FrameSet]:
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

    def _work(
        self,
        frames: Iterable[FrameSet],
        keypoints: PathLike | KeypointFrames | Detections | None,
        keep_keypoints: PathLike | None,
        offsets: Mapping[str, int],
        batch_size: int,
    ) -> Iterator[tuple[FrameSet, dict[str, np.ndarray]]]:
        """Frames with what the model takes: 2D keypoints, or decoded images beside them."""
        inferencer = self.inferencer
        model = type(inferencer.model).__name__
        if inferencer.sees_images:
            if keypoints is not None:
                raise InputError(
                    f'{model} of this config looks at images itself and takes no keypoints; leave '
                    'them out, or take a config without a 2D network',
                    code='conflict',
                    found=model,
                )
            return self._views.pixels(frames)
        if keypoints is not None:
            where = 'the keypoints'
            with self.watch.stage(KEYPOINTS):
                if isinstance(keypoints, (str, os.PathLike)):
                    where = os.fspath(keypoints)
                    keypoints = open_keypoints(keypoints, inferencer.rig.names)
            self.total = self.total or len(keypoints)
            found = self._views.from_keypoints(frames, keypoints, where, offsets)
        elif inferencer.detector is None:
            raise InputError(
                f'{model} works from 2D keypoints; give keypoints or a detector',
                code='missing-value',
                found=model,
                expected=['keypoints', 'detector'],
            )
        else:
            found = self._views.from_detector(
                frames, inferencer.detector, keep_keypoints, batch_size
            )
        return ((frame_set, {}) for frame_set in found)

    def _found(
        self, work: Iterable[tuple[FrameSet, dict[str, np.ndarray]]], batch_size: int
    ) -> Iterator[FrameResult]:
        """The people of every frame."""
        iterator = iter(work)
        while batch := list(itertools.islice(iterator, batch_size)):
            for (frame_set, pixels), sample in zip(batch, self._samples(batch)):
                yield self._result(frame_set, pixels, sample)

    def _samples(self, batch: Sequence[tuple[FrameSet, dict[str, np.ndarray]]]) -> list[Any]:
        """What the model says of each frame; None where no two cameras took part."""
        samples: list[Any] = [None] * len(batch)
        inferencer = self.inferencer
        least = min(2, len(inferencer.rig))
        rows = [row for row, work in enumerate(batch) if len(_cameras(*work)) >= least]
        with self.watch.stage(IN_3D), torch.no_grad():
            packed = [inferencer.pipeline(self._info(*batch[row])) for row in rows]
            if packed:
                answers = inferencer.model.test_step(pseudo_collate(packed))
                for row, sample in zip(rows, answers):
                    samples[row] = sample.cpu()
        return samples

    def _info(self, frame_set: FrameSet, pixels: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """What the pipeline takes."""
        inferencer = self.inferencer
        rig, joints = inferencer.rig_of(_cameras(frame_set, pixels)), inferencer.model.joints
        info: dict[str, Any] = dict(
            rig=rig,
            space=inferencer.space,
            joints=joints.name,
            recording=self._name,
            frame_id=frame_set.frame,
        )
        if frame_set.keypoints is None:
            return dict(info, images=list(pixels.values()))
        return dict(info, keypoints_2d=stack_keypoints(frame_set.keypoints, rig.names, joints))

    def _result(
        self, frame_set: FrameSet, pixels: Mapping[str, np.ndarray], sample: Any
    ) -> FrameResult:
        cameras = _cameras(frame_set, pixels)
        poses = poses_of(sample, self.inferencer.model.joints)
        said = {} if sample is None else sample
        scores = said.get('best_score'), said.get('least_score')
        known = frame_set.keypoints
        detected = None if known is None else arrays_of(known, COCO17)
        self.statistics.add(detected, len(poses), *scores, cameras)
        return FrameResult(frame_set.frame, poses, cameras, known or {}, frame_set.images)

    def _tracked(
        self, results: Iterable[FrameResult], tracker: PeopleTracker, smoother: PoseSmoother | None
    ) -> Iterator[FrameResult]:
        """The same people with track IDs, smoothed if there is a smoother."""
        for result in results:
            poses = result.poses
            with self.watch.stage(TRACKING):
                ids = tracker(poses.xyz_mm, views=poses.views)
                xyz_mm = poses.xyz_mm if smoother is None else smoother(poses.xyz_mm, ids)
            tracked = dataclasses.replace(poses, track_ids=ids, xyz_mm=xyz_mm)
            yield dataclasses.replace(result, poses=tracked)


def _cameras(frame_set: FrameSet, pixels: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """The cameras that took part."""
    return tuple(pixels if frame_set.keypoints is None else frame_set.keypoints)
