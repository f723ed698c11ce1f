"""Everybody of an instant, with the body that their rays make: groups of views and single views.

What :class:`~mmpose_ours.models.proposals.Proposer` groups is made a whole body, and all views
are asked again about the whole body, so that a detection joins whose joints no other view
shows. A detection that is nobody's may be a person whom only that view sees.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Sequence

import torch
from torch import Tensor, nn

from mmpose_ours.keypoints import JointSet
from mmpose_ours.models.body_prior import Bodies, GaussianBody
from mmpose_ours.models.proposals import Flat, Proposer
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
        return Found(self.rays[rows], self.sample[rows], self.views[rows], self.bodies[rows])


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
        found, agreement = self._groups(rays, floor_mm)
        if not self.single_views:
            return found
        alone = self._singles(rays, found, agreement)
        if not len(alone[0]):
            return found
        single = self.by_views(rays, *alone)
        single = dataclasses.replace(single, bodies=self.body(single.rays, floor_mm[single.sample]))
        return joined(found, single)

    def _groups(self, rays: Rays, floor_mm: Tensor) -> tuple[Found, Tensor]:
        """People of two views or more, and (B, V, P) how much each detection is anybody's."""
        batch, count, people, joints = rays.weights.shape
        first = None
        if count > 1:
            first, rough, seen = self.proposer.by_pairs(rays)
        if first is None or not (first >= 0).any():
            nobody = torch.zeros(0, dtype=torch.long, device=rays.weights.device)
            found = self.by_views(rays, nobody, nobody[:, None].expand(0, count))
            return found, rays.weights.new_zeros(batch, count, people)
        sample, row = torch.nonzero((first >= 0).any(-1), as_tuple=True)
        found = self.by_views(rays, sample, first[sample, row])
        known = rough[sample, row], seen[sample, row]
        bodies = self.body.roughly(found.rays, floor_mm[sample], known)
        # All views are asked again, now about the whole body of each group.
        poses = rays.weights.new_zeros(*first.shape[:2], joints, 3)
        spread = poses[..., 0].clone()
        poses[sample, row] = bodies.poses
        spread[sample, row] = bodies.spread.square().mean(-1).sqrt()
        agreement = self.proposer.agreement(Flat.of(rays), poses, spread > 0, spread)
        views = self.proposer.best_views(agreement)[sample, row]
        kept = torch.nonzero((views >= 0).any(-1))[:, 0]
        found = self.by_views(rays, sample[kept], views[kept])
        bodies = self.body.refined(found.rays, bodies[kept])
        return dataclasses.replace(found, bodies=bodies), agreement.amax(1)

    def free(self, rays: Rays, found: Found) -> Tensor:
        """(B, V, P) which detections are nobody's."""
        free = (rays.weights > 0).any(-1)
        person, view = torch.nonzero(found.views >= 0, as_tuple=True)
        free[found.sample[person], view, found.views[person, view]] = False
        return free

    def by_views(self, rays: Rays, sample: Tensor, views: Tensor) -> Found:
        """People by sample (N,) and detections (N, V), their bodies still unknown."""
        view = torch.arange(views.shape[1], device=views.device)
        index, one = views.clamp_min(0), sample[:, None]
        weights = rays.weights[one, view, index] * (views >= 0)[..., None]
        mine = Rays(rays.origins[sample], rays.directions[one, view, index], weights)
        return Found(mine, sample, views, Bodies.nobody(rays.weights, len(self.body.mean)))

    def _singles(self, rays: Rays, found: Found, agreement: Tensor) -> tuple[Tensor, Tensor]:
        """Sample (S,) and views (S, V) of detections that are nobody's, each by itself."""
        enough = (rays.weights > 0).sum(-1) >= self.min_single_joints
        free = enough & self.free(rays, found) & (agreement < EXPLAINED)
        sample, view, index = torch.nonzero(free, as_tuple=True)
        views = torch.full((len(sample), agreement.shape[1]), -1, device=sample.device)
        views[torch.arange(len(sample), device=sample.device), view] = index
        return sample, views


def joined(*parts: Found) -> Found:
    """The people of several searches of the same samples, in order of sample."""

    def together(kind: type, field: str) -> Any:
        everybody = [vars(getattr(part, field)) for part in parts]
        return kind(*(torch.cat([one[name] for one in everybody]) for name in everybody[0]))

    sample = torch.cat([part.sample for part in parts])
    views = torch.cat([part.views for part in parts])
    everyone = Found(together(Rays, 'rays'), sample, views, together(Bodies, 'bodies'))
    return everyone.take(sample.argsort(stable=True))


def in_order(parts: Sequence[Found]) -> Found:
    """The people of searches of one sample each as those of so many samples."""
    return joined(
        *(
            dataclasses.replace(part, sample=torch.full_like(part.sample, index))
            for index, part in enumerate(parts)
        )
    )
