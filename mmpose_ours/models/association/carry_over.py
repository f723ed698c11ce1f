"""Who was there a frame ago and is still shown by one view."""

from __future__ import annotations

import dataclasses
from typing import Sequence

import torch
from torch import Tensor

from mmpose_ours.datasets.data_sample import MultiviewDataSample
from mmpose_ours.models.association.hypotheses import Found, PeopleFinder, in_order, joined
from mmpose_ours.models.association.proposals import Flat
from mmpose_ours.models.association.rays import Rays
from mmpose_ours.models.keypoint_prior.body_prior import Bodies

# How far joints move from one frame to the next, one standard deviation.
MOTION_MM = 80.0
# A pose at less than this from where somebody was is that person.
SAME_MM = 350.0


class Memory:
    """People of the last frame of a recording, in its order.

    Somebody who is not found again is looked for among the detections that are nobody's. One
    view suffices then, because the depth is known from before; nobody is kept whom no view
    shows.

    Args:
        finder: Finds people without a memory.
    """

    def __init__(self, finder: PeopleFinder):
        self.finder = finder
        self._recording: tuple = ()
        self._frame: int | str | None = None
        self._bodies: Bodies | None = None

    def each(
        self, rays: Rays, floor_mm: Tensor, data_samples: Sequence[MultiviewDataSample]
    ) -> Found:
        """Find everybody in B frames, in their order; as :meth:`__call__` of each."""
        frames = zip(rays.split(1), floor_mm.split(1), data_samples)
        return in_order([self(*frame) for frame in frames])

    @torch.no_grad()
    def __call__(self, rays: Rays, floor_mm: Tensor, sample: MultiviewDataSample) -> Found:
        """Find everybody in the next frame.

        Args:
            rays: Origins (1, V, 3), directions (1, V, P, J, 3), weights (1, V, P, J).
            floor_mm: (1,) height of the floor in the frame of the rays.
            sample: Tells recordings apart, by name, rig, space and numbers of frames, which rise
                in a recording. Without a name there is no frame before.
        """
        frame, name = sample.get('frame_id'), sample.get('recording')
        recording = (name, sample.rig.fingerprint, sample.space)
        if name is None or recording != self._recording or not _follows(frame, self._frame):
            self._bodies = None
        self._recording, self._frame = recording, frame
        found, agreement, floor_mm = self.finder.groups(rays, floor_mm)
        if self._bodies is not None:
            missed = self._missed(found, self._bodies)
            if len(missed):
                found = joined(found, self._again(rays, found, missed))
        self._bodies = found.bodies
        if self.finder.single_views:
            found = self.finder.with_singles(rays, found, agreement, floor_mm)
        return found

    def _missed(self, found: Found, before: Bodies) -> Bodies:
        """Those of before who are not among the found."""
        near = (before.poses[:, None] - found.bodies.poses).norm(dim=-1).mean(-1) < SAME_MM
        return before[~near.any(1)]

    def _again(self, rays: Rays, found: Found, missed: Bodies) -> Found:
        """Those of the missed whom a detection that is nobody's fits."""
        spread = (missed.spread.square().mean(-1) + MOTION_MM**2).sqrt()
        free = self.finder.free(rays, found)
        left = Rays(rays.origins, rays.directions, rays.weights * free[..., None])
        known = torch.ones_like(spread, dtype=torch.bool)
        asked = missed.poses[None], known[None], spread[None]
        proposer = self.finder.proposer
        agreement = proposer.agreement(Flat.of(left), *asked)
        views = proposer.best_views(agreement, least=1)[0]
        shown = (views >= 0).any(-1)
        missed, spread = missed[shown], spread[shown]
        again = self.finder.by_views(rays, views.new_zeros(len(missed)), views[shown])
        pull = missed.poses, 1 / spread.square()
        return dataclasses.replace(again, bodies=self.finder.body.refined(again.rays, missed, pull))


def _follows(frame: int | str | None, before: int | str | None) -> bool:
    """Whether a frame may come after another one; names that are no numbers always may."""
    if frame is None or before is None:
        return True
    try:
        return int(frame) > int(before)
    except (TypeError, ValueError):
        return True
