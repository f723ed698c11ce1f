"""VoxelPose (Tu, Wang and Zeng, ECCV 2020) as a model of MMEngine."""

from __future__ import annotations

from typing import Any, Sequence

import torch
from torch import Tensor

from mmpose_ours.datasets.data_sample import MultiviewDataSample
from mmpose_ours.errors import InputError
from mmpose_ours.models.base import MultiviewPoseModel, report
from mmpose_ours.models.ops.projection import TorchRig
from mmpose_ours.models.selection import drop_duplicates, record_best_score
from mmpose_ours.models.voxelpose.center import KEPT_RIGS, CenterDetector
from mmpose_ours.models.voxelpose.pose import PoseRegressor
from mmpose_ours.models.voxelpose.published import leave_out_backbone, take_out
from mmpose_ours.scope import MODELS


@MODELS.register_module()
class VoxelPose(MultiviewPoseModel):
    """Heatmaps of calibrated views to 3D poses.

    The rig and the capture volume come with each data sample and are not part of the weights.
    Checkpoints of MMPose 0.x load without the capture volume that they contain.

    Args:
        joints: Name of the skeleton, which is also the heatmaps' channels.
        heatmap_size: (width, height) of the heatmaps.
        center: Arguments of :class:`~mmpose_ours.models.voxelpose.center.CenterDetector`.
        pose: Arguments of :class:`~mmpose_ours.models.voxelpose.pose.PoseRegressor`.
        center_threshold: Proposals whose score (0 to 1) is not above this are dropped.
        duplicate_mm: Of two poses with a smaller mean joint distance the lower-scored one is
            dropped.
        proposal_jitter_mm: In training, the proposals of the pose regressor are the annotated
            roots plus Gaussian noise of this standard deviation along each axis, so that it learns
            before the center detector works.
        backbone: 2D network for image mode; None takes heatmaps.
        freeze_backbone: Whether the 2D network keeps its weights and statistics.
        data_preprocessor: Usually ``MultiviewDataPreprocessor``.
        init_cfg: As MMEngine's.
    """

    fixed_volume_size = True

    def __init__(
        self,
        joints: str = 'coco17',
        heatmap_size: tuple[int, int] = (200, 152),
        center: dict[str, Any] | None = None,
        pose: dict[str, Any] | None = None,
        center_threshold: float = 0.1,
        duplicate_mm: float = 150.0,
        proposal_jitter_mm: float = 80.0,
        backbone: dict[str, Any] | None = None,
        freeze_backbone: bool = True,
        data_preprocessor: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | None = None,
    ):
        super().__init__(joints, data_preprocessor, init_cfg)
        shared: dict[str, Any] = dict(num_joints=len(self.joints), heatmap_size=heatmap_size)
        center = {'bins': (80, 80, 20), **(center or {})}
        pose = {'bins': (32, 32, 32), 'size_mm': 2000.0, **(pose or {})}
        self.human_detector = CenterDetector(**shared, **center)
        self.pose_regressor = PoseRegressor(**shared, **pose)
        self.center_threshold, self.duplicate_mm = center_threshold, duplicate_mm
        self.proposal_jitter_mm = proposal_jitter_mm
        self.backbone = MODELS.build(backbone) if backbone else None
        self._backbone_is_frozen = freeze_backbone
        if self.backbone is not None and freeze_backbone:
            self.backbone.requires_grad_(False)
        self._rigs: dict[str, TorchRig] = {}
        for hook in (take_out, leave_out_backbone):
            self._register_load_state_dict_pre_hook(hook, with_module=True)

    @property
    def sees_images(self) -> bool:
        """Whether it has a 2D network of its own."""
        return self.backbone is not None

    def train(self, mode: bool = True) -> VoxelPose:
        """Switch to training; a frozen 2D network stays in evaluation."""
        super().train(mode)
        if self.backbone is not None and self._backbone_is_frozen:
            self.backbone.eval()
        return self

    def forward(
        self,
        inputs: dict[str, list[Tensor]],
        data_samples: list[MultiviewDataSample],
        mode: str = 'tensor',
    ) -> Any:
        """Run on a batch of frames.

        Args:
            inputs: ``heatmaps``, a (V, J, H, W) tensor each, or ``images`` (V, 3, H, W).
            data_samples: Rig and capture volume of each, and the ground truth for ``'loss'``.
            mode: ``'loss'``, ``'predict'`` or ``'tensor'`` (root volumes).
        """
        heatmaps = self._heatmaps(inputs)
        self._check_size(heatmaps[0])
        volumes = [
            self.human_detector.volume(maps, sample.rig, sample.space)
            for maps, sample in zip(heatmaps, data_samples)
        ]
        # Stacked with channels last, the memory format of the volumes and of the net.
        stacked = torch.stack([volume.movedim(0, -1) for volume in volumes]).movedim(-1, 1)
        root_volumes = self.human_detector(stacked)
        if mode == 'loss':
            return self._loss(heatmaps, root_volumes, data_samples)
        if mode == 'predict':
            return self._predict(heatmaps, root_volumes, data_samples)
        return root_volumes

    def _heatmaps(self, inputs: dict[str, list[Tensor]]) -> Sequence[Tensor]:
        if 'heatmaps' in inputs:
            return inputs['heatmaps']
        if self.backbone is None:
            raise InputError(
                'images given to a model without a 2D backbone; set model.backbone',
                code='missing-value',
                found='images',
                expected='heatmaps',
            )
        return [self.backbone(images) for images in inputs['images']]

    def _check_size(self, heatmaps: Tensor) -> None:
        width, height = self.human_detector.heatmap_size
        if heatmaps.shape[-2:] != (height, width):
            raise InputError(
                f'heatmaps are {heatmaps.shape[-1]}x{heatmaps.shape[-2]}, but model.heatmap_size '
                f'is {width}x{height}; give model.data_preprocessor the same heatmap_size, and '
                'LoadMultiviewImages four times as much',
                code='wrong-shape',
                found=(heatmaps.shape[-1], heatmaps.shape[-2]),
                expected=(width, height),
            )

    def _rig(self, sample: MultiviewDataSample, device: torch.device) -> TorchRig:
        key = f'{sample.rig.fingerprint} {device}'
        if key not in self._rigs:
            while len(self._rigs) >= KEPT_RIGS:
                self._rigs.pop(next(iter(self._rigs)))
            # Tensors that are created in inference mode cannot be used in training.
            with torch.inference_mode(False):
                self._rigs[key] = TorchRig(sample.rig, device)
        return self._rigs[key]

    def __getstate__(self) -> dict:
        """Leave the cached rigs out of copies and pickles."""
        return {**self.__dict__, '_rigs': {}}

    def _loss(
        self,
        heatmaps: Sequence[Tensor],
        root_volumes: Tensor,
        data_samples: list[MultiviewDataSample],
    ) -> dict[str, Tensor]:
        targets, volumes, centers, truth, visible = [], [], [], [], []
        for maps, sample in zip(heatmaps, data_samples):
            instances = sample.gt_instances
            # People whose hips are not annotated have no root to learn from.
            instances = instances[instances.visible[:, self.root].all(1)]
            poses = instances.keypoints_3d
            roots = poses[:, self.root].mean(1)
            targets.append(self.human_detector.target(roots, sample.space))
            if len(roots):
                proposals = roots + torch.randn_like(roots) * self.proposal_jitter_mm
                rig = self._rig(sample, maps.device)
                volumes.append(self.pose_regressor.volumes(maps, rig, proposals))
                centers.append(proposals)
                truth.append(poses)
                visible.append(instances.visible)
        loss_center = torch.nn.functional.mse_loss(root_volumes, torch.stack(targets))
        if volumes:
            predicted = self.pose_regressor(torch.cat(volumes), torch.cat(centers))
            error = (predicted - torch.cat(truth)).abs().mean(-1)
            weight = torch.cat(visible).to(error.dtype)
            loss_pose = (error * weight).sum() / weight.sum().clamp(min=1)
        else:
            loss_pose = self.zero_loss(self.pose_regressor)
        return dict(loss_center=loss_center, loss_pose=loss_pose)

    def _predict(
        self,
        heatmaps: Sequence[Tensor],
        root_volumes: Tensor,
        data_samples: list[MultiviewDataSample],
    ) -> list[MultiviewDataSample]:
        for maps, volume, sample in zip(heatmaps, root_volumes, data_samples):
            centers, scores = self.human_detector.peaks(volume, sample.space)
            record_best_score(sample, scores, self.center_threshold)
            keep = scores > self.center_threshold
            centers, scores = centers[keep], scores[keep]
            poses = centers.new_zeros(0, len(self.joints), 3)
            if len(centers):
                rig = self._rig(sample, maps.device)
                volumes = self.pose_regressor.volumes(maps, rig, centers)
                poses = self.pose_regressor(volumes, centers)
                kept = drop_duplicates(poses.detach().cpu().numpy(), self.duplicate_mm)
                poses, scores = poses[kept], scores[kept]
            report(sample, poses, scores)
        return data_samples
