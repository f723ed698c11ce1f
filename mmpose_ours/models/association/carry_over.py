"""Temporal tracking: keep a person of the previous frame whom only one view still shows."""

from __future__ import annotations

import dataclasses
from typing import Any, Sequence

import torch
from torch import Tensor

from mmpose_ours.datasets.data_sample import MultiviewDataSample
from mmpose_ours.kernels.constants import MOTION_STD_MM, SAME_PERSON_MM
from mmpose_ours.kernels.people import assign_poses
from mmpose_ours.models.association.hypotheses import (
    Hypotheses,
    PeopleFinder,
    concatenate,
    concatenate_samples,
)
from mmpose_ours.models.association.rays import Rays
from mmpose_ours.models.keypoint_prior.person_frame import PoseEstimates

# Recordings whose last frame is kept at a time; the least recently used one is dropped first.
MAX_RECORDINGS = 16


class CarryOver:
    """Carries the poses of each recording's previous frame over to the next frame.

    A pose of the previous frame that no hypothesis of the new frame matches is compared with the
    unassigned detections. One view suffices, because the depth is known from the previous frame. A
    pose without a detection is dropped.

    Args:
        finder: Finds the people of a frame without using other frames.
    """

    def __init__(self, finder: PeopleFinder):
        self.finder = finder
        # Recording to the ID of its last frame and the poses in it, most recently used last.
        self._previous: dict[tuple[Any, ...], tuple[int | str | None, PoseEstimates]] = {}

    def process_batch(
        self, rays: Rays, floor_mm: Tensor, data_samples: Sequence[MultiviewDataSample]
    ) -> Hypotheses:
        """Process B frames in their order; arguments as :meth:`__call__`'s, with B for 1."""
        frames = zip(rays.split(1), floor_mm.split(1), data_samples)
        return concatenate_samples([self(*frame) for frame in frames])

    @torch.no_grad()
    def __call__(self, rays: Rays, floor_mm: Tensor, sample: MultiviewDataSample) -> Hypotheses:
        """Find the people of the next frame.

        Args:
            rays: By frame: origins (1, V, 3), directions (1, V, P, J, 3), weights (1, V, P, J).
            floor_mm: (1,) height of the floor in the frame of the rays, in mm.
            sample: Its ``recording`` (name), rig and space identify the recording, and its
                ``frame_id`` the frame. Nothing is carried over without a name, or where the frame
                number is not above that of the previous frame.
        """
        frame_id, name = sample.get('frame_id'), sample.get('recording')
        recording = (name, sample.rig.fingerprint, sample.space)
        previous_id, previous = self._previous.pop(recording, (None, None))
        found, agreement, floor_mm = self.finder.find_multi_view(rays, floor_mm)
        if name is not None and previous is not None and _follows(frame_id, previous_id):
            unmatched = self._unmatched(found, previous)
            if len(unmatched):
                found = concatenate(found, self._reassociate(rays, found, unmatched))
        if name is not None:
            self._previous[recording] = frame_id, found.estimates
        if len(self._previous) > MAX_RECORDINGS:
            del self._previous[next(iter(self._previous))]
        if self.finder.single_views:
            found = self.finder.add_single_view(rays, found, agreement, floor_mm)
        return found

    def _unmatched(self, found: Hypotheses, previous: PoseEstimates) -> PoseEstimates:
        """The previous poses that are not within ``SAME_PERSON_MM`` of a pose of this frame."""
        distance = (previous.poses[:, None] - found.estimates.poses).norm(dim=-1).mean(-1)
        return previous[~(distance < SAME_PERSON_MM).any(1)]

    def _reassociate(self, rays: Rays, found: Hypotheses, unmatched: PoseEstimates) -> Hypotheses:
        """Those of the unmatched poses with which an unassigned detection agrees, refined."""
        std_mm = (unmatched.std.square().mean(-1) + MOTION_STD_MM**2).sqrt()  # (M, J)
        unassigned = self.finder.unassigned(rays, found)
        remaining = Rays(rays.origins, rays.directions, rays.weights * unassigned[..., None])
        (frame,) = zip(*remaining.arrays)
        poses, known_std = (part.double().cpu().numpy() for part in (unmatched.poses, std_mm))
        assigned = assign_poses(frame, poses, known_std, self.finder.proposer.options)
        detections = torch.from_numpy(assigned).to(std_mm.device)
        seen = (detections >= 0).any(-1)
        seen_poses, std_mm, detections = unmatched[seen], std_mm[seen], detections[seen]
        sample = detections.new_zeros(len(seen_poses))
        again = self.finder.without_estimates(rays, sample, detections)
        prior = seen_poses.poses, 1 / std_mm.square()
        estimates = self.finder.body.refine(again.rays, seen_poses, prior)
        return dataclasses.replace(again, estimates=estimates)


def _follows(frame_id: int | str | None, previous_id: int | str | None) -> bool:
    """Whether a frame may come after another one; always true for IDs that are not numbers."""
    if frame_id is None or previous_id is None:
        return True
    try:
        return int(frame_id) > int(previous_id)
    except (TypeError, ValueError):
        return True
