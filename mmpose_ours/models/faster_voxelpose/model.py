"""The fast model: people proposed by geometry, joints read from three planes and the rays."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from mmpose_ours.datasets.data_sample import MultiviewDataSample
from mmpose_ours.errors import InputError
from mmpose_ours.models.association.proposals import Proposer, rays_of_people
from mmpose_ours.models.association.rays import Rays
from mmpose_ours.models.base import (
    Matches,
    MultiviewPoseModel,
    mean_distance,
    middle_of,
    report,
)
from mmpose_ours.models.faster_voxelpose.planes import PlaneRegressor
from mmpose_ours.models.selection import choose_people, tell_scores
from mmpose_ours.scope import MODELS

# A proposal this close to a true pose (mean joint distance) is that person.
MATCH_MM = 250.0
LOSS_UNIT_MM = 100.0


@MODELS.register_module()
class FasterVoxelPose(MultiviewPoseModel):
    """Keypoints of calibrated views to 3D poses, in milliseconds on a processor.

    :class:`~mmpose_ours.models.association.proposals.Proposer` finds who is whom and where by
    geometry; :class:`~mmpose_ours.models.faster_voxelpose.planes.PlaneRegressor`, trained in one go
    on what is proposed, finds the joints and says which proposals are people. Rigs of any lens will
    do, they come with each sample, and weights hold no geometry.

    Args:
        joints: Name of the skeleton.
        proposals: Arguments of the proposer.
        pose: Arguments of the regressor.
        score_threshold: People with lower scores (0 to 1) are dropped.
        duplicate_mm: Of two poses with a smaller mean joint distance the lower-scored one is
            dropped.
        margin_mm: People whose hips are farther outside the capture volume are dropped; infinite
            keeps everybody whom the cameras see.
        data_preprocessor: ``RayPreprocessor``, which is also the default.
        init_cfg: As MMEngine's.
    """

    def __init__(
        self,
        joints: str = 'coco17',
        proposals: dict[str, Any] | None = None,
        pose: dict[str, Any] | None = None,
        score_threshold: float = 0.5,
        duplicate_mm: float = 150.0,
        margin_mm: float = 500.0,
        data_preprocessor: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | None = None,
    ):
        preprocessor = data_preprocessor or dict(type='mmpose_ours.RayPreprocessor')
        super().__init__(joints, preprocessor, init_cfg)
        self.proposer = Proposer(**(proposals or {}))
        self.pose_regressor = PlaneRegressor(self.joints, **(pose or {}))
        self.score_threshold, self.duplicate_mm = score_threshold, duplicate_mm
        self.margin_mm = margin_mm

    def forward(
        self,
        inputs: dict[str, Rays],
        data_samples: list[MultiviewDataSample],
        mode: str = 'tensor',
    ) -> Any:
        """Run on a batch of B frames.

        Args:
            inputs: ``rays``, relative to the middle of each sample's space.
            data_samples: Space of each, and the truth for ``'loss'``.
            mode: ``'loss'``, ``'predict'`` or ``'tensor'``: what the regressor says of all
                proposals, None where there are none.

        Raises:
            InputError: The keypoints are of another skeleton, or there is only one camera.
        """
        count = inputs['rays'].weights.shape[-1]
        if count != len(self.joints):
            raise InputError(
                f'keypoints of {count} joints for a model of {self.joints.name}, which has '
                f'{len(self.joints)}; say model.joints',
                code='wrong-shape',
                found=count,
                expected=len(self.joints),
            )
        mine, sample = self.people(inputs['rays'])
        found = self.pose_regressor(mine) if len(sample) else None
        if mode == 'loss':
            return self._loss(found, sample, data_samples)
        if mode == 'predict':
            return self._predict(found, sample, data_samples)
        return found

    @torch.no_grad()
    def people(self, rays: Rays) -> tuple[Rays, Tensor]:
        """The rays of everybody who is proposed.

        Args:
            rays: Origins (B, V, 3), directions (B, V, P, J, 3), weights (B, V, P, J).

        Returns:
            Origins (N, V, 3), directions (N, V, J, 3), weights (N, V, J), and in which sample
            each of the N people is, (N,).
        """
        with torch.autocast(rays.weights.device.type, enabled=False):
            groups = self.proposer(rays)
            sample, person = torch.nonzero((groups >= 0).any(-1), as_tuple=True)
            everyone = rays_of_people(rays, groups)
        return Rays(*(part[sample, person] for part in vars(everyone).values())), sample

    def _loss(
        self,
        found: tuple[Tensor, Tensor, Tensor] | None,
        sample: Tensor,
        data_samples: list[MultiviewDataSample],
    ) -> dict[str, Tensor]:
        nothing = self.no_loss()
        losses = dict(loss_pose=nothing, loss_network=nothing, loss_score=nothing)
        if found is None:
            return losses
        poses, network_poses, logits = found
        truth, visible, matched, first = self._match(poses.detach(), sample, data_samples)
        losses['loss_score'] = F.binary_cross_entropy_with_logits(logits, first) + nothing
        weight = (visible & matched[:, None]).float()
        for name, points in (('loss_pose', poses), ('loss_network', network_poses)):
            error = (points - truth).norm(dim=-1) / LOSS_UNIT_MM
            losses[name] = (error * weight).sum() / weight.sum().clamp_min(1) + nothing
        return losses

    def _match(
        self, poses: Tensor, sample: Tensor, data_samples: list[MultiviewDataSample]
    ) -> Matches:
        """Whom each of N proposals shows, by the distance of joints."""

        def assign(rows: Tensor, known: Tensor, seen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            distance = mean_distance(poses[rows], known, seen)
            nearest, whom = distance.min(1)
            least, best = distance.min(0)
            return whom, nearest < MATCH_MM, rows[best[least < MATCH_MM]]

        return self.match(poses, sample, data_samples, assign)

    def _predict(
        self,
        found: tuple[Tensor, Tensor, Tensor] | None,
        sample: Tensor,
        data_samples: list[MultiviewDataSample],
    ) -> list[MultiviewDataSample]:
        for index, data_sample in enumerate(data_samples):
            poses = sample.new_zeros(0, len(self.joints), 3, dtype=torch.float32)
            scores = poses.new_zeros(0)
            if found is not None:
                mine = sample == index
                poses, scores = found[0][mine], found[2][mine].sigmoid()
                tell_scores(data_sample, scores, self.score_threshold)
                good, limits = scores > self.score_threshold, (self.duplicate_mm, self.margin_mm)
                rows = choose_people(poses, scores, good, data_sample.space, self.root, *limits)
                poses, scores = poses[rows] + middle_of(data_sample.space, poses), scores[rows]
            report(data_sample, poses, scores)
        return data_samples
