"""A small transformer that corrects the body prior's pose estimates.

Joints are tokens with self-attention between them. The features of a joint's rays are pooled over
the views, so that the net takes any number of cameras in any order. All coordinates are in the
person frame, so that the result depends neither on the rig's position nor on that of the scene.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpose_ours.kernels.constants import (
    MAX_VIEWS,
    NUM_PERSON_INPUTS,
    NUM_RAY_INPUTS,
    TRIANGULATION_SCALE_MM,
)
from mmpose_ours.kernels.network_inputs import ray_inputs
from mmpose_ours.models.association.rays import Rays
from mmpose_ours.models.keypoint_prior.body_prior import ray_std_of
from mmpose_ours.models.keypoint_prior.measured_noise import STEPS, combine, combined_std
from mmpose_ours.models.keypoint_prior.person_frame import PoseEstimates
from mmpose_ours.structures.skeleton import Skeleton

# mm. Units in which the net's inputs are given, so that they are around 1: joints in the person
# frame, and standard deviations. Those of rays are in mmpose_ours.kernels.constants.
POSE_UNIT_MM, STD_UNIT_MM = 1000.0, 50.0


class KeypointNet(nn.Module):
    """Corrects pose estimates and scores them.

    Args:
        joints: The skeleton.
        width: Channels of a token.
        layers: Layers of attention.
        heads: Heads of attention.
    """

    def __init__(self, joints: Skeleton, width: int = 128, layers: int = 3, heads: int = 4):
        super().__init__()
        self.of_ray = nn.Sequential(
            nn.Linear(NUM_RAY_INPUTS, width // 2), nn.GELU(), nn.Linear(width // 2, width // 2)
        )
        self.of_joint = nn.Linear(width + 7, width)
        self.of_person = nn.Linear(NUM_PERSON_INPUTS, width)
        self.which = nn.Parameter(torch.randn(len(joints) + 1, width) * 0.1)
        layer = nn.TransformerEncoderLayer(
            width, heads, 2 * width, dropout=0.0, activation='gelu', batch_first=True,
            norm_first=True,
        )  # fmt: skip
        self.mix = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)
        self.to_joint = nn.Linear(width, 4)
        self.to_score = nn.Linear(width, 1)
        nn.init.zeros_(self.to_joint.weight)
        nn.init.zeros_(self.to_joint.bias)
        nn.init.zeros_(self.to_score.weight)
        nn.init.zeros_(self.to_score.bias)
        ray_precision = torch.tensor(1 / ray_std_of(joints) ** 2).float()
        self.log_ray_precision = nn.Parameter(ray_precision.log())

    def forward(
        self,
        rays: Rays,
        estimates: PoseEstimates,
        of_people: Tensor,
        noise: tuple[Tensor, Tensor, Tensor] | None = None,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Correct N pose estimates.

        Args:
            rays: By person: directions (N, V, J, 3).
            estimates: Estimates of :class:`~.body_prior.GaussianBody` from these rays.
            of_people: (N, 11) of :func:`mmpose_ours.kernels.network_inputs.person_inputs`.
            noise: Measured on the recording: standard deviations of the rays (N, 2, V, J) in mm,
                factors of the variance of the network prediction (N, 2, J), and scales of the
                Geman-McClure weights (N, 1, J) in mm. The first two are for joints with two rays
                or fewer, and with three or more. None takes what was learned.

        Returns:
            ``poses`` (N, J, 3) in mm, triangulated from the rays with the network prediction as
            prior mean; ``network_poses`` (N, J, 3) in mm, the network prediction; ``precision``
            (N, J, 1), its inverse variance in mm^-2; ``logits`` (N,), whose sigmoid is the
            probability that the rays belong to one real person; ``std_mm`` (N, J), the standard
            deviation of ``poses`` along one axis.
        """
        start, _, shift, rotation = estimates.arrays
        pose, of_rays = (
            torch.from_numpy(part).to(estimates.poses)
            for part in ray_inputs(*rays.arrays, start, shift, rotation)
        )
        log_std = (estimates.std / STD_UNIT_MM).log()
        joint = torch.cat([self._pooled(of_rays), pose / POSE_UNIT_MM, log_std], -1)
        joint = self.of_joint(joint)
        tokens = torch.cat([joint, self.of_person(of_people)[:, None]], 1) + self.which
        tokens = self.norm(self._attend(tokens)).float()
        step, confidence = self.to_joint(tokens[:, :-1]).split([3, 1], -1)
        network_poses = estimates.from_person_frame(pose + step * estimates.std)
        precision = confidence.clamp(-8, 8).exp() / estimates.std.square().mean(-1, keepdim=True)
        # Along one axis, of the Laplace distribution of loss_network: that of the prediction, which
        # has seen the rays.
        pose_std_mm = 2 * precision[..., 0].rsqrt()
        if noise is None:
            ray_precision = rays.weights * self.log_ray_precision.exp()
            poses = combine(
                rays, ray_precision, network_poses, precision, TRIANGULATION_SCALE_MM, 2
            )
        else:
            std_mm, factor, scales_mm = noise
            several = (rays.weights > 0).sum(1) >= 3
            factor = torch.where(several, factor[:, 1], factor[:, 0])
            std_mm = torch.where(several[:, None], std_mm[:, 1], std_mm[:, 0])
            precision = precision / factor[..., None]
            ray_precision = rays.weights / std_mm.square()
            poses = combine(rays, ray_precision, network_poses, precision, scales_mm, STEPS)
            # Where the recording contradicts the prediction, the rays decide.
            by_rays = combined_std(rays, ray_precision, poses, precision / 4, scales_mm)
            pose_std_mm = torch.where(factor > 1, by_rays, pose_std_mm)
        logits = self.to_score(tokens[:, -1])[:, 0]
        return poses, network_poses, precision, logits, pose_std_mm

    def _attend(self, tokens: Tensor) -> Tensor:
        """The layers of ``self.mix`` on tokens (N, J + 1, width).

        ``nn.TransformerEncoder`` computes the same, and a tenth slower: for so few tokens the
        number of operations counts.
        """
        people, count, width = tokens.shape
        x = tokens.reshape(-1, width)
        for layer in self.mix.layers:
            of_all = layer.self_attn
            qkv = F.linear(layer.norm1(x), of_all.in_proj_weight, of_all.in_proj_bias)
            parts = qkv.view(people, count, 3, of_all.num_heads, -1).permute(2, 0, 3, 1, 4)
            mixed = F.scaled_dot_product_attention(*parts).transpose(1, 2).reshape(x.shape)
            x = x + of_all.out_proj(mixed)
            x = x + layer.linear2(F.gelu(layer.linear1(layer.norm2(x))))
        return x.view(tokens.shape)

    def _pooled(self, of_rays: Tensor) -> Tensor:
        """Inputs (N, V, J, 9) of rays to (N, J, width + 1): mean and maximum over views, and count.

        The last input says whether there is a ray.
        """
        detected = of_rays[..., -1:]
        features = self.of_ray(of_rays) * detected
        # Means instead of sums, since a rig may have more cameras than any in training.
        count = detected.sum(1)
        mean = features.sum(1) / count.clamp_min(1)
        maximum = torch.where(detected > 0, features, -torch.inf).amax(1)
        maximum = torch.where(count > 0, maximum, 0.0)
        return torch.cat([mean, maximum, count.clamp_max(MAX_VIEWS) / 3], -1)
