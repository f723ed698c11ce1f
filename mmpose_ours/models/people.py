"""Everybody of an instant, with the body that their rays make: groups of views and single views.

What :class:`~mmpose_ours.models.proposals.Proposer` groups is made a whole body, and all views
are asked again about the whole body, so that a detection joins whose joints no other view
shows. A detection that is nobody's may be a person whom only that view sees.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor, nn

from mmpose_ours.keypoints import JointSet
from mmpose_ours.models.body_prior import Bodies, GaussianBody
from mmpose_ours.models.proposals import Flat, Proposer, rays_of_people
from mmpose_ours.models.rays import Rays

# A detection that agrees this much with somebody who is there already is not somebody else.
EXPLAINED = 0.25


@dataclasses.dataclass(frozen=True)
class Found:
    """N people of B samples, in ascending order of sample.

    Args:
        rays: Origins (N, V, 3), directions (N, V, J, 3), weights (N, V, J).
        sample: (N,) whose they are.
        views: (N, V) which detection of each view is theirs, -1 where none is.
        bodies: The most likely bodies.
    """

    rays: Rays
    sample: Tensor
    views: Tensor
    bodies: Bodies

    def __len__(self) -> int:
        return len(self.sample)

    def take(self, rows: Tensor) -> Found:
        """Some of the people, by a mask or by rows in ascending order."""
        rays = Rays(*(part[rows] for part in vars(self.rays).values()))
        return Found(rays, self.sample[rows], self.views[rows], self.bodies[rows])


class PeopleFinder(nn.Module):
    """Finds people and their most likely bodies; nothing is learned.

    Args:
        joints: The joint set.
        proposer: Groups the detections.
        single_views: Whether to report people whom one view alone shows.
        min_single_joints: Joints that a detection needs to be a person by itself.
    """

    def __init__(
        self,
        joints: JointSet,
        proposer: Proposer,
        single_views: bool = False,
        min_single_joints: int = 5,
    ):
        super().__init__()
        self.body, self.proposer = GaussianBody(joints), proposer
        self.single_views, self.min_single_joints = single_views, min_single_joints

    @torch.no_grad()
    def forward(self, rays: Rays, floor_mm: Tensor) -> Found:
        """Find everybody in B samples.

        Args:
            rays: Origins (B, V, 3), directions (B, V, P, J, 3), weights (B, V, P, J).
            floor_mm: (B,) height of the floor in the frame of the rays.
        """
        views, agreement = self._groups(rays, floor_mm)
        if self.single_views:
            views = torch.cat([views, self._singles(rays, views, agreement)], 1)
        sample, row = torch.nonzero((views >= 0).any(-1), as_tuple=True)
        everyone = rays_of_people(rays, views)
        mine = Rays(*(part[sample, row] for part in vars(everyone).values()))
        return Found(mine, sample, views[sample, row], self.body.fit(mine, floor_mm[sample]))

    def _groups(self, rays: Rays, floor_mm: Tensor) -> tuple[Tensor, Tensor]:
        """(B, G, V) detections of people of two views or more, and (B, V, P) how much each
        detection agrees with anybody."""
        batch, count, people, joints = rays.weights.shape
        nobody = torch.full((batch, 0, count), -1, device=rays.weights.device)
        if count < 2:
            return nobody, rays.weights.new_zeros(batch, count, people)
        first = self.proposer(rays)
        sample, row = torch.nonzero((first >= 0).any(-1), as_tuple=True)
        if not len(sample):
            return nobody, rays.weights.new_zeros(batch, count, people)
        everyone = rays_of_people(rays, first)
        mine = Rays(*(part[sample, row] for part in vars(everyone).values()))
        bodies = self.body.fit(mine, floor_mm[sample])
        poses = mine.weights.new_zeros(*first.shape[:2], joints, 3)
        spread = poses[..., 0].clone()
        poses[sample, row] = bodies.poses
        spread[sample, row] = bodies.spread.square().mean(-1).sqrt()
        agreement = self.proposer.agreement(Flat.of(rays), poses, spread > 0, spread)
        return self.proposer.best_views(agreement), agreement.amax(1)

    def _singles(self, rays: Rays, views: Tensor, agreement: Tensor) -> Tensor:
        """(B, S, V) detections that are nobody's, each by itself."""
        batch, count, people = agreement.shape
        spent = torch.zeros(batch, count, people + 1, dtype=torch.bool, device=views.device)
        spent.scatter_(2, torch.where(views < 0, people, views).transpose(1, 2), True)
        free = ((rays.weights > 0).sum(-1) >= self.min_single_joints) & ~spent[..., :people]
        free &= agreement < EXPLAINED
        rank = free.flatten(1).cumsum(1) - 1
        most = int(free.flatten(1).sum(1).max()) if free.numel() else 0
        singles = torch.full((batch, most, count), -1, device=views.device)
        sample, view, person = torch.nonzero(free, as_tuple=True)
        singles[sample, rank.view_as(free)[sample, view, person], view] = person
        return singles
