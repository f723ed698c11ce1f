"""Trajectories of a session: all frames are collected, and estimated together."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Iterable, Iterator

import numpy as np

from mmpose_ours.structures.frames import FrameResult
from mmpose_ours.temporal.recording import TemporalReport, optimise_trajectories

if TYPE_CHECKING:
    from mmpose_ours.apis.session import InferenceSession

# Name of the stage whose time is measured.
STAGE = 'trajectories'


class Trajectories:
    """Estimates the trajectories of one recording.

    Args:
        session: Its rig, frame rate and timer.

    Attributes:
        report: What was changed, complete before the first result.
    """

    def __init__(self, session: InferenceSession):
        self._session = session
        self.report = TemporalReport()

    def __call__(self, results: Iterable[FrameResult]) -> Iterator[FrameResult]:
        """Yield the same frames with trajectories, after the last has come."""
        collected = [without_pixels(result) for result in results]
        rate_hz = self._session.fps
        assert rate_hz is not None, 'the session refuses an unknown frame rate'
        with self._session.timer.stage(STAGE):
            solved = optimise_trajectories(
                collected, self._session.rig, rate_hz, report=self.report
            )
        yield from solved

    def summary(self) -> dict[str, Any]:
        """What a file says of the trajectories: people, filled poses, and lengths of bones in mm.

        These are known with the first result.
        """
        lengths = {
            str(track): {name: round(length, 1) for name, length in of_track.items()}
            for track, of_track in self.report.lengths_mm.items()
        }
        return {
            'tracks': self.report.tracks,
            'filled_poses': self.report.filled,
            'bone_lengths_mm': lengths,
        }


def without_pixels(result: FrameResult) -> FrameResult:
    """A result that can be kept: decoded images of many frames would fill the memory."""
    named = {n: image for n, image in result.images.items() if not isinstance(image, np.ndarray)}
    return dataclasses.replace(result, images=named)
