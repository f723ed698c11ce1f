"""The noise of a recording, measured without labels: how far rays and network may be trusted.

The scale of a detector's errors differs between detectors, cameras and joints, and the network's
idea of where a hip is may differ from the detector's. Both are measured on a sample of the
recording's own people, whom three views or more show: the scale of the ray residuals, per camera
and joint; and by how much the variance of the network prediction must be increased. The latter is
chosen by cross-validation: a view is left out, the person is estimated from the others, and the
factor is taken with which the left-out rays are missed least.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Callable, Sequence

import torch
from torch import Tensor

from mmpose_ours.kernels.constants import WEAK_PRIOR_WEIGHT
from mmpose_ours.models.association.hypotheses import Hypotheses
from mmpose_ours.models.association.rays import Rays
from mmpose_ours.models.keypoint_prior.body_prior import ray_std_of
from mmpose_ours.structures.skeleton import Skeleton

# Factors of the variance of the network prediction that are tried; the last one is "no prior".
FACTORS = (1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 1000.0)
# From this factor on the network prediction counts little beside three rays.
DOUBTED = 8.0
# A factor is preferred to 1 only if it makes the left-out error smaller by this share, of joints
# with two rays and with more: where two rays disagree, only the prior tells which one is wrong.
MIN_GAIN = (0.08, 0.005)
# And it is chosen from at least so many left-out rays of joints of one kind.
MIN_LEFT_OUT = 40
# Largest number of people: more would cost time and hardly change the medians.
MAX_PEOPLE = 40
# Rays whose residuals the assumed standard deviation counts for, where few are measured.
PSEUDO_COUNT = 20.0
# mm. No detector is more precise than this.
MIN_STD_MM = 5.0
# Scores (0 to 1) of the rays that judge.
MIN_SCORE = 0.3
# Scale of the Geman-McClure weights in standard deviations, and at least in mm.
SCALE_STDS, MIN_SCALE_MM = 6.0, 60.0
# IRLS steps.
STEPS = 3
# Joints of the head, which are judged together.
HEAD = ('nose', 'eye', 'ear')
# Views that are left out in turn, at most.
MAX_LEFT_OUT_VIEWS = 8


@dataclasses.dataclass(frozen=True, eq=False)
class MeasuredNoise:
    """The noise of one recording.

    Args:
        cameras: Names of the V cameras.
        ray_std_mm: (V, J) standard deviation of detected joints across their rays.
        prior_factor: (2, J) factors of the variance of the network prediction, 1 or more: of
            joints with two rays or fewer, and with three or more.
        people: Number of people that it was measured on.
        kinds: Names of the kinds of joints (``hip``, ``head``), with their indices.
        assumed_mm: (J,) standard deviations of rays that are assumed without a measurement.
    """

    cameras: tuple[str, ...]
    ray_std_mm: Tensor
    prior_factor: Tensor
    people: int
    kinds: dict[str, list[int]]
    assumed_mm: Tensor

    def __deepcopy__(self, memo: dict) -> MeasuredNoise:
        """The noise itself: it never changes, and every sample of a recording carries it."""
        return self

    def doubted(self) -> list[str]:
        """The kinds of joints for which the network counts little where three rays show them."""
        factor = self.prior_factor[1]
        return [kind for kind, joints in self.kinds.items() if factor[joints[0]] >= DOUBTED]

    def of_views(self, cameras: Sequence[str], views: int) -> tuple[Tensor, Tensor, Tensor]:
        """For the views of one sample: ray std (2, views, J), factors (2, J), and scales (J,).

        Args:
            cameras: Names of the sample's cameras, all of them measured.
            views: Number of views with padding.
        """
        row = [self.cameras.index(name) for name in cameras]
        std = stds_by_count(self.ray_std_mm, self.assumed_mm)[:, row + [0] * (views - len(row))]
        return std, self.prior_factor, scale_mm(self.ray_std_mm)


def stds_by_count(ray_std_mm: Tensor, assumed_mm: Tensor) -> Tensor:
    """(2, V, J) standard deviations of rays for joints with two rays or fewer, and with more.

    The former are at least the assumed ones: a median does not know of outliers, which two rays
    cannot reveal.

    Args:
        ray_std_mm: (V, J) as measured.
        assumed_mm: (J,) as assumed.
    """
    return torch.stack([torch.maximum(ray_std_mm, assumed_mm), ray_std_mm])


def scale_mm(ray_std_mm: Tensor) -> Tensor:
    """(J,) scales of Geman-McClure weights, from standard deviations (V, J) of rays."""
    return (SCALE_STDS * ray_std_mm.mean(-2)).clamp_min(MIN_SCALE_MM)


# The network prediction of people from their rays: mean (N, J, 3) in mm, in the frame of the rays,
# and inverse variance (N, J, 1) in mm^-2. Its second argument, (N, V), says which views there are.
Predict = Callable[[Hypotheses, Tensor], 'tuple[Tensor, Tensor]']


@torch.no_grad()
def measure_noise(
    found: Hypotheses, joints: Skeleton, cameras: Sequence[str], predict: Predict
) -> MeasuredNoise | None:
    """Measure the noise of a recording on some of its people.

    Args:
        found: People of several frames, all of one rig.
        joints: The skeleton.
        cameras: Names of the rig's V cameras.
        predict: The network.

    Returns:
        None if too few people are seen by three views.
    """
    people = torch.nonzero((found.detections >= 0).sum(1) >= 3)[:, 0]
    if not len(people):
        return None
    # At random: the people of a recording take turns, so that every second one may be the same
    # person each time. The order of the frames remains.
    order = torch.randperm(len(people), generator=torch.Generator().manual_seed(0))
    people = people[order[:MAX_PEOPLE].sort().values.to(people.device)]
    found = found.take(people)
    kinds = _kinds(joints)
    groups = list(kinds.values())
    assumed_mm = torch.as_tensor(ray_std_of(joints)).to(found.rays.weights)
    ray_std_mm = _ray_std(found, groups, assumed_mm)
    factor = _prior_factor(found, groups, (ray_std_mm, assumed_mm), predict)
    return MeasuredNoise(tuple(cameras), ray_std_mm, factor, len(found), kinds, assumed_mm)


def combine(
    rays: Rays,
    ray_precision: Tensor,
    network_poses: Tensor,
    precision: Tensor,
    scales_mm: Tensor | float,
    steps: int,
) -> Tensor:
    """Triangulate joints from rays with the network prediction as prior.

    Args:
        rays: By person: directions (N, V, J, 3).
        ray_precision: (N, V, J) inverse variance of the rays in mm^-2, 0 where there is none.
        network_poses: (N, J, 3) prior mean in mm, in the frame of the rays.
        precision: (N, J, 1) its inverse variance in mm^-2.
        scales_mm: Scales of the Geman-McClure weights, (J,) or a number.
        steps: IRLS steps.

    Returns:
        (N, J, 3) in mm.
    """
    weighted = Rays(rays.origins, rays.directions, ray_precision)
    return weighted.triangulate(
        network_poses, precision, start=network_poses, scale_mm=scales_mm, steps=steps
    )


def combined_std(
    rays: Rays, ray_precision: Tensor, poses: Tensor, precision: Tensor, scales_mm: Tensor
) -> Tensor:
    """Standard deviations of triangulated joints, mean over the axes.

    Args:
        rays: See :func:`combine`, as for ``ray_precision`` and ``scales_mm``.
        ray_precision: See there.
        poses: (N, J, 3) the joints, in mm.
        precision: (N, J, 1) inverse variance of the prior mean in mm^-2.
        scales_mm: See there.

    Returns:
        (N, J) in mm, along one axis.
    """
    weights = ray_precision / (1 + rays.squared_distances(poses) / scales_mm**2) ** 2
    matrix, _ = rays.normal_equations(rays.nearest_to_origin(), weights)
    matrix = matrix + torch.diag_embed(precision.expand_as(poses))
    return torch.linalg.inv(matrix).diagonal(dim1=-2, dim2=-1).mean(-1).sqrt()


def _kinds(joints: Skeleton) -> dict[str, list[int]]:
    """Indices of the joints of each kind: left and right together, and all of the head."""
    groups: dict[str, list[int]] = {}
    for index, name in enumerate(joints.joints):
        kind = name.split('_')[-1]
        groups.setdefault('head' if kind in HEAD else kind, []).append(index)
    return groups


def _ray_std(found: Hypotheses, groups: Sequence[Sequence[int]], assumed_mm: Tensor) -> Tensor:
    """(V, J) standard deviations of the rays, from those of joints that three views show.

    Robust: a median of squared residuals, which are those of two dimensions, less what the fit of
    three coordinates takes off. First per kind of joint, then a factor per camera.
    """
    weights = found.rays.weights
    views = (weights > 0).sum(1)
    x = found.rays.triangulate(weights.new_zeros(*weights.shape[::2], 3), WEAK_PRIOR_WEIGHT)
    freedom = (1 - 1.5 / views.clamp_min(2))[:, None]
    variance = found.rays.squared_distances(x) / freedom / (2 * math.log(2))
    judged = (weights > 0) & (views >= 3)[:, None]
    assumed = assumed_mm.square()
    of_joint = assumed.clone()
    for joints in groups:
        values = variance[..., joints][judged[..., joints]]
        if len(values):
            share = len(values) / (len(values) + PSEUDO_COUNT)
            of_joint[joints] = share * values.median() + (1 - share) * assumed[joints]
    of_camera = weights.new_ones(weights.shape[1])
    for view in range(weights.shape[1]):
        values = (variance[:, view] / of_joint)[judged[:, view]]
        if len(values):
            share = len(values) / (len(values) + PSEUDO_COUNT)
            of_camera[view] = share * values.median() + (1 - share)
    return (of_camera[:, None] * of_joint).sqrt().clamp_min(MIN_STD_MM)


def _prior_factor(
    found: Hypotheses,
    groups: Sequence[Sequence[int]],
    std_mm: tuple[Tensor, Tensor],
    predict: Predict,
) -> Tensor:
    """(2, J) factors of the variance of the network prediction, by cross-validation over views.

    ``std_mm`` are the standard deviations of rays as measured (V, J) and as assumed (J,).
    """
    weights = found.rays.weights
    views = weights.shape[1]
    errors = weights.new_zeros(2, len(FACTORS), weights.shape[2])
    counts = errors[:, 0].clone()
    generator = torch.Generator().manual_seed(0)
    for view in range(0, views, math.ceil(views / MAX_LEFT_OUT_VIEWS)):
        seen = found.take(torch.nonzero(found.detections[:, view] >= 0)[:, 0])
        if not len(seen):
            continue
        # All other views, and two of them.
        others = (seen.detections >= 0) & (torch.arange(views, device=weights.device) != view)
        order = torch.rand(others.shape, generator=generator).to(weights)
        two = torch.where(others, order, -1.0).argsort(1, descending=True).argsort(1) < 2
        for row, kept in ((1, others), (0, others & two)):
            count, error = _left_out_errors(seen, view, kept, row == 1, std_mm, predict)
            counts[row] += count
            errors[row] += error
    result = weights.new_ones(2, weights.shape[2])
    for row in range(2):
        for joints in groups:
            count, error = counts[row, joints].sum(), errors[row][:, joints].sum(1)
            best = int(error.argmin())
            if count >= MIN_LEFT_OUT and error[best] < (1 - MIN_GAIN[row]) * error[0]:
                result[row, joints] = FACTORS[best]
    return result


def _left_out_errors(
    found: Hypotheses,
    view: int,
    kept: Tensor,
    many: bool,
    std_mm: tuple[Tensor, Tensor],
    predict: Predict,
) -> tuple[Tensor, Tensor]:
    """How far people who are estimated from some views miss the rays of another view.

    Args:
        found: N people.
        view: The view that is left out, which shows all of them.
        kept: (N, V) the views from which they are estimated.
        many: Whether joints with three rays or more are judged, or those with two.
        std_mm: Standard deviations of rays as measured (V, J) and as assumed (J,).
        predict: The network.

    Returns:
        (J,) number of rays, and (factors, J) sum of their pseudo-Huber costs for each of
        :data:`FACTORS`.
    """
    rays = dataclasses.replace(found.rays, weights=found.rays.weights * kept[..., None])
    people = dataclasses.replace(
        found, rays=rays, detections=torch.where(kept, found.detections, -1)
    )
    network_poses, precision = predict(people, kept)
    ray_std_mm, by_count = std_mm[0], stds_by_count(*std_mm)[int(many)]
    ray_precision, scales = rays.weights / by_count.square(), scale_mm(ray_std_mm)
    count = (rays.weights > 0).sum(1)
    judged = (found.rays.weights[:, view] > MIN_SCORE) & (count >= 3 if many else count == 2)
    costs = []
    for factor in FACTORS:
        x = combine(rays, ray_precision, network_poses, precision / factor, scales, STEPS)
        scaled = found.rays.squared_distances(x)[:, view] / ray_std_mm[view].square()
        costs.append(((1 + scaled / 4).sqrt() * judged).sum(0))
    return judged.sum(0), torch.stack(costs)
