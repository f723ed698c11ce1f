"""Everybody of a frame, with the body that their rays make: groups of views and single views.

What :class:`~mmpose_ours.models.association.proposals.Proposer` groups is made a whole body, and
all views are asked again about the whole body, so that a detection joins whose joints no other view
shows. A detection that is nobody's may be a person whom only that view sees.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Sequence

import torch
from torch import Tensor, nn

from mmpose_ours.errors import InputError
from mmpose_ours.models.association.proposals import Flat, Proposer, rays_of_people
from mmpose_ours.models.association.rays import Rays
from mmpose_ours.models.keypoint_prior.body_prior import COCO17, Bodies, GaussianBody
from mmpose_ours.structures.skeleton import Skeleton

# A detection that agrees this much with somebody who is there already is not somebody else.
EXPLAINED = 0.25
# Rays of all views that people of single views may have together: bounds memory to some 1 GB.
MAX_SINGLE_RAYS = 1 << 22
# Ankles of people who stand, above the floor, and how far that varies.
ANKLE_MM, FEET_SPREAD_MM = 94.0, 50.0
# How far floors are from where a calibration says, usually and at most.
FLOOR_SPREAD_MM, FLOOR_LIMIT_MM = 80.0, 300.0


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
        joints: The skeleton.
        proposer: Groups the detections.
        single_views: Whether to report people whom one view alone shows.
        min_single_joints: Joints that a detection needs to be a person by itself.
        bank_file: See :class:`~mmpose_ours.models.keypoint_prior.body_prior.GaussianBody`.
    """

    def __init__(
        self,
        joints: Skeleton,
        proposer: Proposer,
        single_views: bool = False,
        min_single_joints: int = 5,
        bank_file: str | None = None,
    ):
        super().__init__()
        self.body, self.proposer = GaussianBody(joints, bank_file), proposer
        self._ankles = joints.index('left_ankle', 'right_ankle')
        self.single_views, self.min_single_joints = single_views, min_single_joints

    @torch.no_grad()
    def forward(self, rays: Rays, floor_mm: Tensor) -> Found:
        """Find everybody in B samples.

        Args:
            rays: Origins (B, V, 3), directions (B, V, P, J, 3), weights (B, V, P, J).
            floor_mm: (B,) height of the floor in the frame of the rays.

        Raises:
            InputError: The keypoints are of another skeleton, or there is only one camera and
                people of single views are not wanted.
        """
        groups = self.groups(rays, floor_mm)
        return self.with_singles(rays, *groups) if self.single_views else groups[0]

    def with_singles(self, rays: Rays, found: Found, agreement: Tensor, floor_mm: Tensor) -> Found:
        """Those who are found, and people of the detections that are nobody's.

        Args:
            rays: As :meth:`forward`'s.
            found: Who is found already.
            agreement: (B, V, P) how much each detection is anybody's.
            floor_mm: (B,).
        """
        alone = self.by_views(rays, *self._singles(rays, found, agreement))
        if not len(alone):
            return found
        bodies = self.body(alone.rays, floor_mm[alone.sample])
        return joined(found, dataclasses.replace(alone, bodies=bodies))

    def groups(self, rays: Rays, floor_mm: Tensor) -> tuple[Found, Tensor, Tensor]:
        """Find the people of two views or more; as :meth:`forward`.

        Returns:
            The people; (B, V, P) how much each detection is anybody's; and (B,) the height of
            the floor on which the people of each sample stand.
        """
        batch, count, people, joints = rays.weights.shape
        if joints != self.body.num_joints:
            raise InputError(
                f'keypoints of {joints} joints, where {COCO17.name} with {len(COCO17)} was '
                'expected; convert them',
                code='wrong-shape',
                found=joints,
                expected=len(COCO17),
            )
        if count < 2 and not self.single_views:
            raise InputError(
                'people are found where rays of two cameras meet, but the rig has one camera; '
                'single_views=True reports those whom one alone shows',
                code='no-data',
                found=count,
                expected=2,
            )
        first = None
        if count > 1:
            first, rough, seen = self.proposer.by_pairs(rays)
        if first is None or not (first >= 0).any():
            nobody = torch.zeros(0, dtype=torch.long, device=rays.weights.device)
            found = self.by_views(rays, nobody, nobody[:, None].expand(0, count))
            return found, rays.weights.new_zeros(batch, count, people), floor_mm
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
        found, bodies = self.by_views(rays, sample[kept], views[kept]), bodies[kept]
        floor_mm = self._floor(found, bodies, floor_mm)
        shift = torch.cat([bodies.shift[:, :2], -floor_mm[found.sample, None]], 1)
        bodies = self.body.refined(found.rays, dataclasses.replace(bodies, shift=shift))
        # A dropped pose explains nothing.
        stays = torch.zeros(first.shape[:2], device=first.device)
        stays[sample[kept], row[kept]] = 1.0
        explained = (agreement * stays[..., None, None]).amax(1)
        return dataclasses.replace(found, bodies=bodies), explained, floor_mm

    def _floor(self, found: Found, bodies: Bodies, floor_mm: Tensor) -> Tensor:
        """(B,) where the floor is by the feet that two views show, and by what was said."""
        feet = bodies.poses[:, self._ankles, 2]
        shown = ((found.rays.weights > 0).sum(1) >= 2)[:, self._ankles]
        lowest = torch.where(shown, feet, torch.inf).amin(1) - ANKLE_MM - floor_mm[found.sample]
        fair = lowest.abs() < FLOOR_LIMIT_MM
        count = torch.zeros_like(floor_mm).index_add_(0, found.sample, fair.float())
        total = torch.where(fair, lowest, 0.0)
        off = torch.zeros_like(floor_mm).index_add_(0, found.sample, total)
        return floor_mm + off / (count + (FEET_SPREAD_MM / FLOOR_SPREAD_MM) ** 2)

    def free(self, rays: Rays, found: Found) -> Tensor:
        """(B, V, P) which detections are nobody's."""
        free = (rays.weights > 0).any(-1)
        person, view = torch.nonzero(found.views >= 0, as_tuple=True)
        free[found.sample[person], view, found.views[person, view]] = False
        return free

    def by_views(self, rays: Rays, sample: Tensor, views: Tensor) -> Found:
        """People by sample (N,) and detections (N, V), their bodies still unknown."""
        mine = rays_of_people(rays, views, sample)
        return Found(mine, sample, views, Bodies.nobody(rays.weights, len(self.body.mean)))

    def _singles(self, rays: Rays, found: Found, agreement: Tensor) -> tuple[Tensor, Tensor]:
        """Sample (S,) and views (S, V) of detections that are nobody's, each by itself.

        Of more than fit in memory, which takes hundreds of cameras, the surest.
        """
        enough = (rays.weights > 0).sum(-1) >= self.min_single_joints
        free = enough & self.free(rays, found) & (agreement < EXPLAINED)
        sample, view, index = torch.nonzero(free, as_tuple=True)
        most = max(1, MAX_SINGLE_RAYS // max(1, rays.weights.shape[1] * rays.weights.shape[3]))
        if len(sample) > most:
            weight = rays.weights[sample, view, index].sum(-1)
            kept = weight.topk(most).indices.sort().values
            sample, view, index = sample[kept], view[kept], index[kept]
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
