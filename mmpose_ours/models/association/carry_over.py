"""Who was there a frame ago and is still shown by one view."""

from __future__ import annotations

import dataclasses
from typing import Any, Sequence

import torch
from torch import Tensor

from mmpose_ours.datasets.data_sample import MultiviewDataSample
from mmpose_ours.models.association.hypotheses import Found, PeopleFinder, in_order, joined
from mmpose_ours.models.association.proposals import Flat
from mmpose_ours.models.association.rays import Rays
from mmpose_ours.models.keypoint_prior.body_prior import Bodies

# How far joints move from one frame to the next, one standard deviation.
MOTION_MM = 80.0
# Recordings that may be worked on in turn.
MOST_RECORDINGS = 16
# A pose at less than this from where somebody was is that person.
SAME_MM = 350.0


class CarryOver:
    """Temporal tracking: people of the last frame of each recording, whose frames come in order.

    Somebody who is not found again is looked for among the detections that are nobody's. One
    view suffices then, because the depth is known from before; nobody is kept whom no view
    shows.

    Args:
        finder: Finds people in a frame by itself.
    """

    def __init__(self, finder: PeopleFinder):
        self.finder = finder
        # Recording to its last frame and the people in it, the last one used at the end.
        self._before: dict[tuple[Any, ...], tuple[int | str | None, Bodies]] = {}

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
            sample: Distinguishes recordings by name, rig, space and numbers of frames, which rise
                in a recording. Without a name there is no frame before.
        """
        frame, name = sample.get('frame_id'), sample.get('recording')
        recording = (name, sample.rig.fingerprint, sample.space)
        last, bodies = self._before.pop(recording, (None, None))
        found, agreement, floor_mm = self.finder.groups(rays, floor_mm)
        if name is not None and bodies is not None and _follows(frame, last):
            missed = self._missed(found, bodies)
            if len(missed):
                found = joined(found, self._again(rays, found, missed))
        if name is not None:
            self._before[recording] = frame, found.bodies
        if len(self._before) > MOST_RECORDINGS:
            del self._before[next(iter(self._before))]
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
