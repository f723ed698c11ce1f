"""The fast model: people from cross-view association, joints from three planes and the rays."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from mmpose_ours.datasets.data_sample import MultiviewDataSample
from mmpose_ours.models.association.proposals import Proposer, gather_rays
from mmpose_ours.models.association.rays import Rays
from mmpose_ours.models.base import (
    Matches,
    MultiviewPoseModel,
    mean_joint_distance,
    ray_origin_of,
    report,
)
from mmpose_ours.models.faster_voxelpose.planes import PlaneRegressor
from mmpose_ours.models.selection import choose_people, record_best_score
from mmpose_ours.scope import MODELS

# mm. A pose with a mean joint distance below this from an annotated pose is matched with it.
MATCH_MM = 250.0
# mm. Joint errors enter the losses divided by this.
LOSS_UNIT_MM = 100.0


@MODELS.register_module()
class FasterVoxelPose(MultiviewPoseModel):
    """2D keypoints of calibrated views to 3D poses, in milliseconds on a CPU.

    :class:`~mmpose_ours.models.association.proposals.Proposer` groups the detections by geometry;
    :class:`~mmpose_ours.models.faster_voxelpose.planes.PlaneRegressor` estimates the joints of each
    group and scores it, and is trained end to end on these groups. Any lens; the rig comes with
    each sample, and the weights are camera-independent.

    Args:
        joints: Name of the skeleton.
        proposals: Arguments of :class:`Proposer`.
        pose: Arguments of :class:`PlaneRegressor`.
        score_threshold: People whose score (0 to 1) is not above this are dropped.
        duplicate_mm: Of two poses with a smaller mean joint distance the lower-scored one is
            dropped.
        margin_mm: People whose hips are farther outside the capture volume are dropped; infinite
            keeps all.
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
        margin_mm: float = math.inf,
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
            inputs: ``rays``, by frame, relative to the middle of each sample's capture volume.
            data_samples: Capture volume of each, and the ground truth for ``'loss'``.
            mode: ``'loss'``, ``'predict'``, or ``'tensor'`` for the output of
                :meth:`PlaneRegressor.forward` for all groups, None if there are none.

        Raises:
            InputError: The keypoints are of another skeleton, or there is only one camera.
        """
        self.check_joint_count(inputs['rays'].weights.shape[-1])
        rays, sample = self.group_rays(inputs['rays'])
        output = self.pose_regressor(rays) if len(sample) else None
        if mode == 'loss':
            return self._loss(output, sample, data_samples)
        if mode == 'predict':
            return self._predict(output, sample, data_samples)
        return output

    @torch.no_grad()
    def group_rays(self, rays: Rays) -> tuple[Rays, Tensor]:
        """The rays of each group of detections that the proposer returns.

        Args:
            rays: By frame: origins (B, V, 3), directions (B, V, P, J, 3), weights (B, V, P, J).

        Returns:
            Rays by person: origins (N, V, 3), directions (N, V, J, 3), weights (N, V, J); and (N,)
            the index of each group's sample.
        """
        with torch.autocast(rays.weights.device.type, enabled=False):
            groups = self.proposer(rays)
            sample, group = torch.nonzero((groups >= 0).any(-1), as_tuple=True)
            padded = gather_rays(rays, groups)
        return padded[sample, group], sample

    def _loss(
        self,
        output: tuple[Tensor, Tensor, Tensor] | None,
        sample: Tensor,
        data_samples: list[MultiviewDataSample],
    ) -> dict[str, Tensor]:
        zero = self.zero_loss()
        losses = dict(loss_pose=zero, loss_network=zero, loss_score=zero)
        if output is None:
            return losses
        poses, network_poses, logits = output
        truth, visible, matched, is_best = self._match(poses.detach(), sample, data_samples)
        losses['loss_score'] = F.binary_cross_entropy_with_logits(logits, is_best) + zero
        weight = (visible & matched[:, None]).float()
        for name, points in (('loss_pose', poses), ('loss_network', network_poses)):
            error = (points - truth).norm(dim=-1) / LOSS_UNIT_MM
            losses[name] = (error * weight).sum() / weight.sum().clamp_min(1) + zero
        return losses

    def _match(
        self, poses: Tensor, sample: Tensor, data_samples: list[MultiviewDataSample]
    ) -> Matches:
        """Match N poses with annotated people by mean joint distance."""

        def assign(index: Tensor, truth: Tensor, visible: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            distance = mean_joint_distance(poses[index], truth, visible)
            of_pose, nearest = distance.min(1)
            of_person, best = distance.min(0)
            return nearest, of_pose < MATCH_MM, index[best[of_person < MATCH_MM]]

        return self.match(poses, sample, data_samples, assign)

    def _predict(
        self,
        output: tuple[Tensor, Tensor, Tensor] | None,
        sample: Tensor,
        data_samples: list[MultiviewDataSample],
    ) -> list[MultiviewDataSample]:
        for index, data_sample in enumerate(data_samples):
            poses = sample.new_zeros(0, len(self.joints), 3, dtype=torch.float32)
            scores = poses.new_zeros(0)
            if output is not None:
                in_sample = sample == index
                poses, scores = output[0][in_sample], output[2][in_sample].sigmoid()
                record_best_score(data_sample, scores, self.score_threshold)
                good, limits = scores > self.score_threshold, (self.duplicate_mm, self.margin_mm)
                mm, rank, allowed = (part.detach().cpu().numpy() for part in (poses, scores, good))
                kept = choose_people(mm, rank, allowed, data_sample.space, self.root, *limits)
                poses, scores = poses[kept] + ray_origin_of(data_sample.space, poses), scores[kept]
            report(data_sample, poses, scores)
        return data_samples
