"""The people of a frame: hypotheses of groups of detections and of single detections.

:class:`~mmpose_ours.models.association.proposals.Proposer` groups the detections by pairs.
:class:`PeopleFinder` then estimates the complete pose of each group with the body prior and assigns
the detections of all views again, now to complete poses: so a detection also joins a group if no
other view shows its joints. Each unassigned detection may become a single-view person.

The letters of dimensions are those of :mod:`mmpose_ours.models.association.proposals`; N people of
all B frames.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from mmpose_ours.errors import InputError
from mmpose_ours.kernels.constants import EXPLAINED_AGREEMENT, MIN_SINGLE_JOINTS
from mmpose_ours.kernels.people import find_people
from mmpose_ours.models.association.proposals import Proposer, gather_rays
from mmpose_ours.models.association.rays import Rays
from mmpose_ours.models.keypoint_prior.body_prior import GaussianBody
from mmpose_ours.models.keypoint_prior.person_frame import PoseEstimates
from mmpose_ours.structures.skeleton import Skeleton

# Most rays (people * views * joints) of single-view people together: bounds memory to about 1 GB.
MAX_SINGLE_RAYS = 1 << 22


@dataclasses.dataclass(frozen=True)
class Hypotheses:
    """N candidate people of B samples, in ascending order of sample; not yet scored.

    Args:
        rays: Of at most one detection per view and person: origins (N, V, 3), directions
            (N, V, J, 3), weights (N, V, J): the detector's scores, 0 where a joint is missing.
        sample: (N,) index of the sample (frame) of each person.
        detections: (N, V) index of each view's detection of the person, -1 where it has none.
        estimates: N estimated poses with their standard deviations.
    """

    rays: Rays
    sample: Tensor
    detections: Tensor
    estimates: PoseEstimates

    def __len__(self) -> int:
        return len(self.sample)

    def take(self, index: Tensor) -> Hypotheses:
        """Some of the people, by a mask or by ascending indices."""
        return Hypotheses(
            self.rays[index], self.sample[index], self.detections[index], self.estimates[index]
        )


class PeopleFinder(nn.Module):
    """Finds the people of a frame and estimates their poses; nothing is learned.

    Args:
        joints: The skeleton.
        proposer: Groups the detections.
        single_views: Whether to report people of whom only one view has a detection.
        min_single_joints: A detection with fewer joints does not become a single-view person.
        bank_file: See :class:`~mmpose_ours.models.keypoint_prior.body_prior.GaussianBody`.
    """

    def __init__(
        self,
        joints: Skeleton,
        proposer: Proposer,
        single_views: bool = False,
        min_single_joints: int = MIN_SINGLE_JOINTS,
        bank_file: str | None = None,
    ):
        super().__init__()
        self.body, self.proposer = GaussianBody(joints, bank_file), proposer
        self.single_views, self.min_single_joints = single_views, min_single_joints

    @torch.no_grad()
    def forward(self, rays: Rays, floor_mm: Tensor) -> Hypotheses:
        """Find the people of B samples.

        Args:
            rays: By frame: origins (B, V, 3), directions (B, V, P, J, 3), weights (B, V, P, J).
            floor_mm: (B,) z of the floor in mm, in the coordinates of the rays, whose origin is
                the middle of the capture volume.

        Raises:
            InputError: The keypoints are of another skeleton, or there is only one camera and
                single-view people are not to be reported.
        """
        found, agreement, floor_mm = self.find_multi_view(rays, floor_mm)
        if not self.single_views:
            return found
        return self.add_single_view(rays, found, agreement, floor_mm)

    def add_single_view(
        self, rays: Rays, found: Hypotheses, agreement: Tensor, floor_mm: Tensor
    ) -> Hypotheses:
        """The given people, and single-view people from unassigned detections.

        Args:
            rays: By frame, as :meth:`forward` takes them.
            found: The people who are found already.
            agreement: (B, V, P) highest agreement of each detection with any of these.
            floor_mm: (B,) z of the floor in mm, in the coordinates of the rays.
        """
        single = self.without_estimates(rays, *self._single_detections(rays, found, agreement))
        if not len(single):
            return found
        estimates = self.body(single.rays, floor_mm[single.sample])
        return concatenate(found, dataclasses.replace(single, estimates=estimates))

    def find_multi_view(self, rays: Rays, floor_mm: Tensor) -> tuple[Hypotheses, Tensor, Tensor]:
        """Find the people whom two views or more show; arguments as :meth:`forward`'s.

        Returns:
            The people; (B, V, P) the highest agreement of each detection with any of them; and
            (B,) the height of the floor in mm, corrected by their ankles.
        """
        batch, views, _, joints = rays.weights.shape
        if joints != self.body.num_joints:
            raise InputError(
                f'the keypoints have {joints} joints, but this model needs the '
                f'{self.body.num_joints} joints of {self.body.joints.name}; convert the keypoints',
                code='wrong-shape',
                found=joints,
                expected=self.body.num_joints,
            )
        if views < 2 and not self.single_views:
            raise InputError(
                'triangulation needs the rays of two cameras or more, but the rig has one camera; '
                'single_views=True reports people whom only one camera detects',
                code='no-data',
                found=views,
                expected=2,
            )
        parts = [
            find_people(frame, floor, *self.body.find_arguments(self.proposer.options))
            for frame, floor in zip(zip(*rays.arrays), floor_mm.tolist())
        ]
        device = rays.weights.device
        detections, poses, std, shift, rotation = (
            torch.from_numpy(np.concatenate(part)).to(device) for part in list(zip(*parts))[:5]
        )
        sample = torch.arange(batch).repeat_interleave(torch.tensor([len(p[0]) for p in parts]))
        estimates = PoseEstimates(*(part.float() for part in (poses, std, shift, rotation)))
        found = self.without_estimates(rays, sample.to(device), detections)
        highest = np.stack([part[5] for part in parts])
        return (
            dataclasses.replace(found, estimates=estimates),
            rays.weights.new_tensor(highest),
            floor_mm.new_tensor([part[6] for part in parts]),
        )

    def unassigned(self, rays: Rays, found: Hypotheses) -> Tensor:
        """(B, V, P) which detections are assigned to none of the people."""
        unassigned = (rays.weights > 0).any(-1)
        person, view = torch.nonzero(found.detections >= 0, as_tuple=True)
        unassigned[found.sample[person], view, found.detections[person, view]] = False
        return unassigned

    def without_estimates(self, rays: Rays, sample: Tensor, detections: Tensor) -> Hypotheses:
        """N people from sample (N,) and detections (N, V), before their poses are estimated.

        ``estimates`` has length 0; the caller replaces it.
        """
        person_rays = gather_rays(rays, detections, sample)
        empty = PoseEstimates.empty(rays.weights, self.body.num_joints)
        return Hypotheses(person_rays, sample, detections, empty)

    def _single_detections(
        self, rays: Rays, found: Hypotheses, agreement: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Unassigned detections that may be single-view people.

        If there are more than :data:`MAX_SINGLE_RAYS` allows (that takes hundreds of cameras),
        those with the largest sums of scores.

        Returns:
            ``sample`` (S,) and ``detections`` (S, V), each with one entry that is not -1.
        """
        enough = (rays.weights > 0).sum(-1) >= self.min_single_joints
        candidate = enough & self.unassigned(rays, found) & (agreement < EXPLAINED_AGREEMENT)
        sample, view, index = torch.nonzero(candidate, as_tuple=True)
        most = max(1, MAX_SINGLE_RAYS // max(1, rays.weights.shape[1] * rays.weights.shape[3]))
        if len(sample) > most:
            weight = rays.weights[sample, view, index].sum(-1)
            kept = weight.topk(most).indices.sort().values
            sample, view, index = sample[kept], view[kept], index[kept]
        detections = torch.full((len(sample), agreement.shape[1]), -1, device=sample.device)
        detections[torch.arange(len(sample), device=sample.device), view] = index
        return sample, detections


def concatenate(*parts: Hypotheses) -> Hypotheses:
    """The people of several searches of the same samples, sorted by sample."""

    def of_field(kind: type, field: str) -> Any:
        names = [entry.name for entry in dataclasses.fields(kind)]
        values = [getattr(part, field) for part in parts]
        return kind(*(torch.cat([getattr(value, name) for value in values]) for name in names))

    sample = torch.cat([part.sample for part in parts])
    detections = torch.cat([part.detections for part in parts])
    estimates = of_field(PoseEstimates, 'estimates')
    result = Hypotheses(of_field(Rays, 'rays'), sample, detections, estimates)
    return result.take(sample.argsort(stable=True))


def concatenate_samples(parts: Sequence[Hypotheses]) -> Hypotheses:
    """The people of searches of one sample each; the i-th part becomes sample i."""
    return concatenate(
        *(
            dataclasses.replace(part, sample=torch.full_like(part.sample, index))
            for index, part in enumerate(parts)
        )
    )
