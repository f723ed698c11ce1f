"""The learned prior: people found by geometry, their joints and whether they are there by a net."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from mmpose_ours.datasets.data_sample import MultiviewDataSample
from mmpose_ours.models.association.carry_over import CarryOver
from mmpose_ours.models.association.duplicate_suppression import (
    SUPPRESSION_MM,
    limbs_of,
    suppress_duplicates,
)
from mmpose_ours.models.association.hypotheses import FLOOR_SPREAD_MM, Found, PeopleFinder
from mmpose_ours.models.association.proposals import Proposer
from mmpose_ours.models.association.rays import Rays
from mmpose_ours.models.base import (
    Matches,
    MultiviewPoseModel,
    mean_distance,
    middle_of,
    report,
)
from mmpose_ours.models.keypoint_prior.network import MOST_VIEWS, KeypointNet
from mmpose_ours.models.selection import choose_people, tell_scores
from mmpose_ours.scope import MODELS

LOSS_UNIT_MM, NETWORK_WEIGHT = 50.0, 0.2
# Rays that pass a true person's joints this closely, on average, show that person. An outlying ray
# counts as so far off at most.
MATCH_MM, OUTLIER_MM = 130.0, 400.0
# A pose this far off, on average, is not that person any more.
LOST_MM = 500.0
FACTS = 11


@MODELS.register_module()
class KeypointPrior(MultiviewPoseModel):
    """Keypoints of calibrated views to 3D poses, also where one view or none shows a joint.

    One set of weights serves every rig: nothing of a rig or a room enters the net.

    Args:
        joints: Name of the skeleton.
        proposals: Arguments of :class:`~mmpose_ours.models.association.proposals.Proposer`.
        net: Arguments of :class:`~mmpose_ours.models.keypoint_prior.network.KeypointNet`.
        single_views: Whether people whom one view alone shows are reported.
        temporal: Whether people of the frame before, whom one view still shows, are kept; see
            :class:`TriangulatePose`. Synthetic frames, which do not follow each other, do without.
        score_threshold: People with lower scores (0 to 1) are dropped.
        single_threshold: The same for people of a single view.
        duplicate_mm: Of two poses with a smaller mean joint distance the lower-scored one is
            dropped.
        suppression_mm: A pose whose mean ray-to-limb distance to a higher-scored pose is at most
            this in all views is a duplicate and suppressed; 0 keeps all.
        margin_mm: People whose hips are farther outside the capture volume are dropped.
        forget_views: In training, the share of people of whom some views are left out.
        data_preprocessor: ``RayPreprocessor``, which is also the default.
        init_cfg: As MMEngine's.
    """

    def __init__(
        self,
        joints: str = 'coco17',
        proposals: dict[str, Any] | None = None,
        net: dict[str, Any] | None = None,
        single_views: bool = True,
        temporal: bool = False,
        score_threshold: float = 0.3,
        single_threshold: float = 0.5,
        duplicate_mm: float = 200.0,
        suppression_mm: float = SUPPRESSION_MM,
        margin_mm: float = 500.0,
        forget_views: float = 0.4,
        data_preprocessor: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | None = None,
    ):
        preprocessor = data_preprocessor or dict(type='mmpose_ours.RayPreprocessor')
        super().__init__(joints, preprocessor, init_cfg)
        self.finder = PeopleFinder(self.joints, Proposer(**(proposals or {})), single_views)
        self.carry_over = CarryOver(self.finder) if temporal else None
        self.net = KeypointNet(self.joints, FACTS, **(net or {}))
        self.score_threshold, self.single_threshold = score_threshold, single_threshold
        self.duplicate_mm, self.margin_mm = duplicate_mm, margin_mm
        self.suppression_mm = suppression_mm
        self.forget_views = forget_views
        self.register_buffer('_limbs', limbs_of(self.joints), persistent=False)

    def forward(
        self,
        inputs: dict[str, Rays],
        data_samples: list[MultiviewDataSample],
        mode: str = 'tensor',
    ) -> Any:
        """Run on a batch of B frames.

        Args:
            inputs: ``rays``, relative to the middle of each sample's space.
            data_samples: Rig and space of each, and the truth for ``'loss'``.
            mode: ``'loss'``, ``'predict'`` or ``'tensor'``: what the net says of everybody who
                is found, None where nobody is.
        """
        rays = inputs['rays']
        # Half of a number's digits do not suffice for geometry, and the net is small.
        with torch.autocast(rays.weights.device.type, enabled=False):
            return self._run(rays, data_samples, mode)

    def _run(self, rays: Rays, data_samples: list[MultiviewDataSample], mode: str) -> Any:
        floor_mm = rays.origins.new_tensor([-s.space.center_mm[2] for s in data_samples])
        if mode == 'loss':
            # Nobody's floor is exactly where the calibration says.
            floor_mm = floor_mm + FLOOR_SPREAD_MM * torch.randn_like(floor_mm)
        if self.carry_over is None or mode == 'loss':
            found = self.finder(rays, floor_mm)
        else:
            found = self.carry_over.each(rays, floor_mm, data_samples)
        exists = _existing(data_samples, found)
        if mode == 'loss':
            found, exists = self._forget(found, exists)
        said = None
        if len(found):
            said = self.net(found.rays, found.bodies, self._facts(found, exists, data_samples))
        if mode == 'loss':
            return self._loss(found, said, data_samples)
        if mode == 'predict':
            return self._predict(found, said, data_samples)
        return said

    @torch.no_grad()
    def _forget(self, found: Found, exists: Tensor) -> tuple[Found, Tensor]:
        """Leave out some views of some people, so that few views are learned from often."""
        if not len(found) or not self.forget_views:
            return found, exists
        shown = found.views >= 0
        chosen = torch.rand(len(found), device=shown.device) < self.forget_views
        kept = (torch.rand(len(found), device=shown.device) * shown.sum(1)).long() + 1
        rank = torch.where(shown, torch.rand(shown.shape, device=shown.device), 2.0).argsort(1)
        keep = (rank.argsort(1) < kept[:, None]) | ~chosen[:, None] | ~shown
        weights = found.rays.weights * keep[..., None]
        rays = Rays(found.rays.origins, found.rays.directions, weights)
        views = torch.where(keep, found.views, -1)
        bodies = self.finder.body(rays, -found.bodies.shift[:, 2])
        return Found(rays, found.sample, views, bodies), exists & keep

    @torch.no_grad()
    def _facts(
        self, found: Found, exists: Tensor, data_samples: list[MultiviewDataSample]
    ) -> Tensor:
        """(N, FACTS) what is known of a person as a whole, in numbers around 1."""
        shown = found.views >= 0
        views = shown.sum(1)
        seen = (found.rays.weights > 0).sum((1, 2)) / views.clamp_min(1) / len(self.joints)
        weight = found.rays.weights.sum((1, 2)) / (found.rays.weights > 0).sum((1, 2)).clamp_min(1)
        # Views that should show this person and do not.
        missing = _inside(data_samples, found) * (exists & ~shown)
        hips = found.bodies.poses[:, self.root].mean(1)
        near = torch.cdist(hips, hips) / 1000
        near = near + 10.0 * (found.sample[:, None] != found.sample)
        near.fill_diagonal_(10.0)
        nearest = near.amin(1).clamp_max(2.0)
        best = torch.where(views[None] > 1, near, 10.0).amin(1).clamp_max(2.0)
        spread = found.bodies.spread.square().mean((1, 2)).sqrt()
        facts = [
            views.clamp_max(MOST_VIEWS) / 3,
            (views == 1).float(),
            seen,
            weight,
            (self.finder.body.energy(found.rays, found.bodies) / 50).clamp_max(4),
            missing.amax(1),
            missing.sum(1).clamp_max(4) / 2,
            nearest,
            best,
            (spread / 100).log(),
            exists.sum(1).clamp_max(MOST_VIEWS) / 4,
        ]
        return torch.stack(facts, -1)

    def _loss(
        self,
        found: Found,
        said: tuple[Tensor, Tensor, Tensor, Tensor] | None,
        data_samples: list[MultiviewDataSample],
    ) -> dict[str, Tensor]:
        nothing = self.no_loss()
        losses = dict(loss_pose=nothing, loss_network=nothing, loss_score=nothing)
        if said is None:
            return losses
        poses, network_poses, precision, logits = said
        truth, visible, matched, first = self._match(found, poses.detach(), data_samples)
        losses['loss_score'] = F.binary_cross_entropy_with_logits(logits, first) + nothing
        weight = (visible & matched[:, None]).float()
        total = weight.sum().clamp_min(1)
        # The logarithm makes ten per cent worth the same for people of one view and of five.
        error = ((poses - truth).square().sum(-1).add(1.0).sqrt() / LOSS_UNIT_MM).log1p()
        losses['loss_pose'] = (error * weight).sum() / total + nothing
        # Negative log-likelihood of a Laplace distribution around the network prediction.
        scaled = (network_poses - truth).square().sum(-1).add(1.0).sqrt() * precision[..., 0].sqrt()
        likelihood = scaled - 1.5 * precision[..., 0].log() - 12.0
        losses['loss_network'] = NETWORK_WEIGHT * (likelihood * weight).sum() / total + nothing
        return losses

    def _match(
        self, found: Found, poses: Tensor, data_samples: list[MultiviewDataSample]
    ) -> Matches:
        """Whom each of N found people is, by the joints that their rays pass."""

        def assign(rows: Tensor, known: Tensor, seen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            offset, whom = _ray_distance(found.take(rows).rays, known, seen).min(1)
            close = offset < MATCH_MM
            distance = mean_distance(poses[rows], known, seen)
            mine = whom[:, None] == torch.arange(len(known), device=whom.device)
            mine = mine & close[:, None]
            distance = torch.where(mine & (distance < LOST_MM), distance, torch.inf)
            # Whom more views show is the one to keep.
            order = distance - 1e4 * (found.views[rows] >= 0).sum(1)[:, None]
            least, best = order.min(0)
            return whom, close, rows[best[least.isfinite()]]

        return self.match(poses, found.sample, data_samples, assign)

    def _predict(
        self,
        found: Found,
        said: tuple[Tensor, Tensor, Tensor, Tensor] | None,
        data_samples: list[MultiviewDataSample],
    ) -> list[MultiviewDataSample]:
        views = (found.views >= 0).sum(1)
        for index, data_sample in enumerate(data_samples):
            poses = found.bodies.poses.new_zeros(0, len(self.joints), 3)
            scores, shown, spread = poses.new_zeros(0), views[:0], poses[..., 0]
            if said is not None:
                mine = found.sample == index
                poses, precision, scores = said[0][mine], said[2][mine], said[3][mine].sigmoid()
                tell_scores(data_sample, scores, self.score_threshold)
                shown = views[mine]
                least = torch.where(shown > 1, self.score_threshold, self.single_threshold)
                # People of more views first, so that they are whom duplicates are compared with.
                rank, limits = scores + (shown > 1), (self.duplicate_mm, self.margin_mm)
                rows = choose_people(
                    poses, rank, scores > least, data_sample.space, self.root, *limits
                )
                rays = found.rays[torch.nonzero(mine)[rows, 0]]
                rows = rows[
                    suppress_duplicates(rays, poses[rows], self._limbs, self.suppression_mm)
                ]
                poses, scores, shown = poses[rows], scores[rows], shown[rows]
                # The standard deviation along an axis of the Laplace distribution that is learned.
                spread = 2 * precision[rows, :, 0].rsqrt()
                poses = poses + middle_of(data_sample.space, poses)
            report(data_sample, poses, scores, spread_mm=spread, views=shown)
        return data_samples


def _ray_distance(rays: Rays, people: Tensor, seen: Tensor) -> Tensor:
    """(N, G) mean distance in mm of N people's rays from the joints of G people."""
    from_camera = people[None, :, None] - rays.origins[:, None, :, None]  # (N, G, V, J, 3)
    directions = rays.directions[:, None]
    along = (from_camera * directions).sum(-1, keepdim=True)
    offset = (from_camera - along * directions).norm(dim=-1).clamp_max(OUTLIER_MM)
    offset = torch.where(along[..., 0] > 0, offset, OUTLIER_MM)
    weight = ((rays.weights > 0)[:, None] & seen[None, :, None]).float()
    count = weight.sum((2, 3))
    # Without a joint in common nothing says that this is that person.
    return torch.where(count > 0, (offset * weight).sum((2, 3)) / count.clamp_min(1), OUTLIER_MM)


def _inside(data_samples: list[MultiviewDataSample], found: Found) -> Tensor:
    """(N, V) the share of each person's joints that lie inside each view's image."""
    result = torch.zeros(found.views.shape)
    poses, sample = found.bodies.poses.cpu(), found.sample.cpu()
    for index, data_sample in enumerate(data_samples):
        rows = torch.nonzero(sample == index)[:, 0]
        if len(rows):
            world = poses[rows].double().numpy() + data_sample.space.center_mm
            share = data_sample.rig.sees(world).mean(-1)
            result[rows, : len(share)] = torch.from_numpy(share.T).float()
    return result.to(found.bodies.poses.device)


def _existing(data_samples: list[MultiviewDataSample], found: Found) -> Tensor:
    """(N, V) which views the rig of each person has."""
    counts = torch.tensor([len(sample.rig) for sample in data_samples], device=found.sample.device)
    return torch.arange(found.views.shape[1], device=counts.device) < counts[found.sample][:, None]
