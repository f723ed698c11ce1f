"""Cross-view association: hypotheses from pairs of detections, verified by the other views.

Nothing is learned. As in RANSAC, hypotheses are generated from minimal sets and then verified, for
all pairs of a frame at once:

1. Two detections of different views whose rays pass close to each other, joint by joint, give a
   hypothesis: a 3D pose of the midpoints between the rays (:meth:`Proposer.groups_from_pairs`).
2. Every detection of every view gets an agreement with every hypothesis, from the distances of the
   hypothesis's joints from the detection's rays (:meth:`Proposer.agreement`).
3. Greedy assignment: the hypothesis with the highest sum of agreements over the views is accepted,
   its detections are removed, and so on.

Time grows with the square of the number of detections in all views. It does not depend on the size
of the capture volume. Memory is bounded, since large inputs are processed in chunks of
:data:`MAX_COMPARED`.

Letters of dimensions:

- B frames (samples of a batch), V views, J joints;
- P detections per view (the most of any view; views with fewer are padded with weights of 0);
- D = V * P detections of a frame in one dimension, view by view; detection d is in view d // P;
- H hypotheses per frame; G groups per frame, which are the accepted hypotheses, each with at most
  one detection per view;
- R detections that are the first ones of the pairs in a chunk.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Sequence

import torch
from torch import Tensor

from mmpose_ours.errors import InputError
from mmpose_ours.models.association.constants import (
    AGREEMENT_SIGMA_MM,
    GAP_LIMIT_MM,
    MAX_GAP_MM,
    MIN_AGREEMENT,
    MIN_COMMON_JOINTS,
    MIN_HYPOTHESIS_JOINTS,
    WEAK_PRIOR_WEIGHT,
)
from mmpose_ours.models.association.flat_detections import FAR_MM, FlatDetections
from mmpose_ours.models.association.rays import MAX_EXPONENT, Rays

# Most elements of a tensor (B, J, R, D): 32 MB in float32. About ten such tensors exist at a time.
MAX_COMPARED = 1 << 23


@dataclasses.dataclass(frozen=True)
class Proposer:
    """Groups the detections of all views into people.

    Args:
        max_people: Largest number of groups per frame.
        max_gap_mm: Two detections form a hypothesis only if the mean distance between their rays
            of the same joint (over the joints that both contain) is below this.
        sigma_mm: Standard deviation of the Gaussian that turns the distance d of a joint from a
            ray into a closeness, exp(-d^2 / (2 sigma^2)); see :meth:`agreement`.
        min_agreement: Inlier threshold: a detection whose agreement (0 to 1) with a hypothesis is
            not above this is not assigned to it.
        max_pairs: Largest number of hypotheses per frame, or D if that is more. Every detection's
            best partner comes before any detection's second-best one.
    """

    max_people: int = 10
    max_gap_mm: float = MAX_GAP_MM
    sigma_mm: float = AGREEMENT_SIGMA_MM
    min_agreement: float = MIN_AGREEMENT
    max_pairs: int = 256

    @torch.no_grad()
    def __call__(self, rays: Rays) -> Tensor:
        """Group the detections of B frames.

        Args:
            rays: By frame: origins (B, V, 3), directions (B, V, P, J, 3), weights (B, V, P, J).

        Returns:
            (B, G, V) index of the detection of each view, -1 where the view has none. A group has
            at least two detections, or none at all (padding). G is at most ``max_people``.

        Raises:
            InputError: There is only one view.
        """
        views, _, joints = rays.weights.shape[1:]
        if views < 2:
            raise InputError(
                'cross-view association needs the rays of two cameras or more, but the rig has '
                'one camera; add a calibrated camera to the rig',
                code='no-data',
                found=views,
                expected=2,
            )
        groups = self.groups_from_pairs(rays)[0]
        # The depth of a hypothesis from two rays is inaccurate. Triangulate from all views of its
        # group, and assign the detections again.
        group_rays = gather_rays(rays, groups)
        prior_mean = group_rays.weights.new_zeros(*groups.shape[:2], joints, 3)
        poses = group_rays.triangulate(prior_mean, WEAK_PRIOR_WEIGHT)
        known = (group_rays.weights > 0).sum(2) >= 2
        return self.assign_mutual_best(self.agreement(FlatDetections.of(rays), poses, known))

    @torch.no_grad()
    def groups_from_pairs(self, rays: Rays) -> tuple[Tensor, Tensor, Tensor]:
        """Groups of detections by greedy assignment to hypotheses from pairs.

        Args:
            rays: By frame, as :meth:`__call__` takes them.

        Returns:
            ``groups`` (B, G, V), as :meth:`__call__` returns them; ``poses`` (B, G, J, 3) of their
            hypotheses in mm, inaccurate in depth; and ``known`` (B, G, J), which joints of these
            both detections of the pair contain.
        """
        views, per_view, joints = rays.weights.shape[1:]
        frames_at_once = max(1, MAX_COMPARED // max(1, joints * (views * per_view) ** 2))
        if len(rays.weights) > frames_at_once:
            parts = [self.groups_from_pairs(part) for part in rays.split(frames_at_once)]
            return (
                _concatenate_padded([groups for groups, _, _ in parts], -1),
                _concatenate_padded([poses for _, poses, _ in parts], 0),
                _concatenate_padded([known for _, _, known in parts], False),
            )
        flat = FlatDetections.of(rays)
        poses, known = self._hypotheses_of_pairs(flat, views)
        groups, accepted = self._assign_greedily(self.agreement(flat, poses, known), rays)
        frame = torch.arange(len(groups), device=groups.device)[:, None]
        return groups, poses[frame, accepted], known[frame, accepted]

    def assign_mutual_best(self, agreement: Tensor, min_views: int = 2) -> Tensor:
        """Assign to each hypothesis at most one detection per view, by mutual best agreement.

        A detection is a candidate only of the hypothesis with which it agrees most. Of its
        candidates in a view a hypothesis gets the one that agrees most with it.

        Args:
            agreement: (B, H, V, P) from :meth:`agreement`.
            min_views: A hypothesis with inliers in fewer views gets no detection at all.

        Returns:
            (B, H, V) index of the detection, -1 where the view has no inlier.
        """
        highest = agreement.amax(1, keepdim=True)
        best, detection = torch.where(agreement < highest, 0.0, agreement).max(-1)
        inlier = best > self.min_agreement
        inlier &= inlier.sum(-1, keepdim=True) >= min_views
        return torch.where(inlier, detection, -1)

    def _hypotheses_of_pairs(self, flat: FlatDetections, views: int) -> tuple[Tensor, Tensor]:
        """Hypotheses of the best pairs: midpoints of the shortest segments between their rays.

        Returns:
            ``poses`` (B, H, J, 3) in mm, and ``known`` (B, H, J), which of these joints are valid.
        """
        count = views * flat.per_view
        chunk = max(1, MAX_COMPARED // max(1, flat.detected.numel()))
        parts = [
            self._best_pairs(flat, views, slice(start, start + chunk))
            for start in range(0, count, chunk)
        ]
        pairs = parts[0]
        if len(parts) > 1:
            max_pairs = max(self.max_pairs, count)
            key, first, second, depth1, depth2 = (torch.cat(part, -1) for part in zip(*parts))
            key, best = key.topk(min(max_pairs, key.shape[1]), largest=False)
            best_per_joint = best[:, None].expand(-1, depth1.shape[1], -1)
            pairs = (
                key, first.gather(1, best), second.gather(1, best),
                depth1.gather(2, best_per_joint), depth2.gather(2, best_per_joint),
            )  # fmt: skip
        key, first, second, depth1, depth2 = pairs
        frame = torch.arange(len(key), device=key.device)[:, None]

        def points_at(detection: Tensor, depth: Tensor) -> Tensor:
            """(B, H, J, 3) points on the rays of detections (B, H) at depths (B, J, H)."""
            origin = flat.origins[frame, detection]
            direction = flat.directions[frame, :, detection]
            return origin[:, :, None] + depth.transpose(1, 2)[..., None] * direction

        known = flat.detected[frame, :, first] & flat.detected[frame, :, second]
        known &= (key < FAR_MM)[..., None]
        known &= ((depth1 > 0) & (depth2 > 0)).transpose(1, 2)
        return 0.5 * (points_at(first, depth1) + points_at(second, depth2)), known

    def _best_pairs(self, flat: FlatDetections, views: int, chunk: slice) -> tuple[Tensor, ...]:
        """The best partner in every view of some detections, the pairs to try first.

        Args:
            flat: The D detections.
            views: V.
            chunk: Which of the detections are the first ones of a pair; R of them.

        Returns:
            ``key`` (B, H), by which pairs are sorted, lowest first, at least ``FAR_MM`` for pairs
            that are no hypotheses; the first and the second detection of each pair (B, H), indices
            into D; and (B, J, H) the depths in mm along the first's and along the second's ray at
            which these come closest.
        """
        depth1, depth2, gap = flat.closest_points_of_pairs(chunk)
        batch, _, count, total = gap.shape
        common = (flat.detected[:, :, chunk, None] & flat.detected[..., None, :]).sum(1)
        mean_gap = gap.sum(1) / common.clamp_min(1)
        view = torch.arange(total, device=gap.device) // flat.per_view
        possible = (common >= MIN_COMMON_JOINTS) & (view[chunk, None] != view)
        mean_gap = torch.where(possible, mean_gap, mean_gap.new_full((), FAR_MM))
        # The best partner of each detection in every view. Pairs are sorted by the rank of the
        # partner among those of the same detection, then by mean gap: otherwise people with many
        # detections would fill the list and leave no place for the pairs of others.
        partner_gap, partner = mean_gap.view(batch, count, views, flat.per_view).min(-1)
        partner = partner + torch.arange(views, device=gap.device) * flat.per_view
        rank = partner_gap.argsort(-1).argsort(-1)
        key = torch.where(partner_gap < self.max_gap_mm, rank * GAP_LIMIT_MM + partner_gap, FAR_MM)
        max_pairs = max(self.max_pairs, total)
        key = key.flatten(1)
        pair = torch.arange(count * views, device=gap.device).expand(batch, -1)
        if max_pairs < count * views:
            key, pair = key.topk(max_pairs, largest=False)
        first, second = pair // views, partner.flatten(1).gather(1, pair)
        place = (first * total + second)[:, None].expand(-1, depth1.shape[1], -1)
        depth1, depth2 = (depth.flatten(2).gather(2, place) for depth in (depth1, depth2))
        return key, first + chunk.start, second, depth1, depth2

    def agreement(
        self, flat: FlatDetections, poses: Tensor, known: Tensor, std_mm: Tensor | None = None
    ) -> Tensor:
        """Agreement of detections with hypotheses.

        With the distance d_j of the hypothesis's joint j from the detection's ray of that joint and
        its variance s_j^2 = sigma_mm^2 + std_mm_j^2, summed over the n joints that both have, it is
        ``sum_j exp(-d_j^2 / (2 s_j^2)) / (n + 1)``, and 0 if n is below
        :data:`~mmpose_ours.models.association.constants.MIN_HYPOTHESIS_JOINTS`. The 1 in the
        denominator lowers the agreement of detections with few joints.

        Args:
            flat: The detections of B frames.
            poses: (B, H, J, 3) in mm.
            known: (B, H, J) which joints of a hypothesis are valid.
            std_mm: (B, H, J) standard deviation of each joint in mm; None is 0.

        Returns:
            (B, H, V, P), 0 to below 1.
        """
        chunk = max(1, MAX_COMPARED // max(1, flat.detected.numel()))
        if poses.shape[1] > chunk:
            parts = zip(
                poses.split(chunk, 1),
                known.split(chunk, 1),
                itertools.repeat(None) if std_mm is None else std_mm.split(chunk, 1),
            )
            return torch.cat([self.agreement(flat, *part) for part in parts], 1)
        variance: Tensor | float = self.sigma_mm**2
        if std_mm is not None:
            variance = variance + std_mm.square().transpose(1, 2)[..., None]
        common = known.transpose(1, 2)[..., None] & flat.detected[:, :, None]
        exponent = flat.squared_distances(poses) * (0.5 / variance)
        closeness = torch.exp(-exponent.clamp_max_(MAX_EXPONENT)) * common
        count = common.sum(1)
        agreement = closeness.sum(1) / (count + 1)
        enough = count >= MIN_HYPOTHESIS_JOINTS
        agreement = torch.where(enough, agreement, torch.zeros_like(agreement))
        views = agreement.shape[-1] // flat.per_view
        return agreement.view(*agreement.shape[:2], views, flat.per_view)

    def _assign_greedily(self, agreement: Tensor, rays: Rays) -> tuple[Tensor, Tensor]:
        """Greedy assignment of detections to hypotheses.

        Accept the hypothesis with the highest sum of agreements over the views (its best free
        inlier of each view, two views at least), mark its detections as assigned, and repeat.

        Args:
            agreement: (B, H, V, P) from :meth:`agreement`.
            rays: By frame; detections of weight 0 are padding.

        Returns:
            (B, G, V) the detections, -1 where the view has none, and (B, G) which hypothesis was
            accepted.
        """
        # 1.0 for free detections. One column more than there are detections takes the marks of
        # views without an inlier.
        free = torch.nn.functional.pad((rays.weights > 0).any(-1).float(), (0, 1))
        no_detection = free.shape[-1] - 1
        frame = torch.arange(len(agreement), device=agreement.device)
        groups, accepted = [], []
        for _ in range(self.max_people):
            best, detection = (agreement * free[:, None, :, :no_detection]).max(-1)  # (B, H, V)
            inlier = best > self.min_agreement
            support = (best * inlier).sum(-1) * (inlier.sum(-1) >= 2)
            highest, winner = support.max(1)
            winner_inlier = inlier[frame, winner] & (highest > 0)[:, None]
            assigned = torch.where(winner_inlier, detection[frame, winner], no_detection)
            free.scatter_(2, assigned[..., None], 0.0)
            groups.append(torch.where(winner_inlier, assigned, -1))
            accepted.append(winner)
            if not winner_inlier.any():
                break
        return torch.stack(groups, 1), torch.stack(accepted, 1)


def _concatenate_padded(parts: Sequence[Tensor], fill: float) -> Tensor:
    """Concatenate (b, G, ...) along the batch; parts with a smaller G are padded by ``fill``."""
    most = max(part.shape[1] for part in parts)
    padded = [part.new_full((len(part), most, *part.shape[2:]), fill) for part in parts]
    for target, part in zip(padded, parts):
        target[:, : part.shape[1]] = part
    return torch.cat(padded)


def gather_rays(rays: Rays, detections: Tensor, sample: Tensor | None = None) -> Rays:
    """Turn rays by frame into rays by person, for given groups of detections.

    Args:
        rays: By frame: origins (B, V, 3), directions (B, V, P, J, 3), weights (B, V, P, J).
        detections: (B, G, V) index of each view's detection, -1 where it has none; or (N, V)
            together with ``sample``.
        sample: (N,) index of the frame of each person.

    Returns:
        By person: origins (B, G, V, 3), directions (B, G, V, J, 3), weights (B, G, V, J), or with
        N in place of (B, G). Views without a detection have weights of 0.
    """
    if sample is None:
        sample = torch.arange(len(detections), device=detections.device)[:, None]
        sample = sample.expand(detections.shape[:2])
    view = torch.arange(detections.shape[-1], device=detections.device)
    index = sample[..., None], view, detections.clamp_min(0)
    weights = rays.weights[index] * (detections >= 0)[..., None]
    return Rays(rays.origins[sample], rays.directions[index], weights)
