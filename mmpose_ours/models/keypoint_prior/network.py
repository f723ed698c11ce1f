"""A small net that knows what bodies do: from likely bodies and their rays to better joints.

Joints are tokens that attend to each other. What views say of a joint is averaged, so that any
number of cameras in any order will do, and everything is in the person's own axes, so that
neither the rig nor the scene matters.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmpose_ours.models.association.rays import Rays
from mmpose_ours.models.keypoint_prior.body_prior import RAY_SPREAD_MM, Bodies
from mmpose_ours.structures.skeleton import Skeleton

# Numbers that a net likes are around 1.
BODY_UNIT_MM, OFFSET_UNIT_MM, DEPTH_UNIT_MM, SPREAD_UNIT_MM = 1000.0, 100.0, 5000.0, 50.0
MAX_OFFSET_MM = 500.0
# Beyond so many views more make no difference.
MOST_VIEWS = 8


class KeypointNet(nn.Module):
    """Corrects bodies.

    Args:
        joints: The skeleton.
        facts: How many numbers describe a person as a whole.
        width: Of a token.
        layers: Layers of attention.
        heads: Heads of attention.
    """

    def __init__(
        self, joints: Skeleton, facts: int, width: int = 128, layers: int = 3, heads: int = 4
    ):
        super().__init__()
        self.of_ray = nn.Sequential(
            nn.Linear(9, width // 2), nn.GELU(), nn.Linear(width // 2, width // 2)
        )
        self.of_joint = nn.Linear(width + 7, width)
        self.of_person = nn.Linear(facts, width)
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
        ray_precision = torch.tensor(1 / RAY_SPREAD_MM**2).float()
        self.log_ray_precision = nn.Parameter(ray_precision.log())

    def forward(
        self, rays: Rays, bodies: Bodies, facts: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Correct N bodies.

        Args:
            rays: Theirs; directions (N, V, J, 3).
            bodies: What :class:`GaussianBody` makes of them.
            facts: (N, F) numbers around 1.

        Returns:
            ``poses`` (N, J, 3) in mm, network and rays together; ``network_poses`` (N, J, 3), what
            the net alone says; ``precision`` (N, J, 1) of these in mm^-2; ``logits`` (N,),
            above 0 where it takes them for one real person.
        """
        own, pose = rays.moved(bodies.shift, bodies.turn), bodies.own(bodies.poses)
        spread = (bodies.spread / SPREAD_UNIT_MM).log()
        joint = self.of_joint(torch.cat([self._rays(own, pose), pose / BODY_UNIT_MM, spread], -1))
        tokens = torch.cat([joint, self.of_person(facts)[:, None]], 1) + self.which
        tokens = self.norm(self.mix(tokens)).float()
        step, confidence = self.to_joint(tokens[:, :-1]).split([3, 1], -1)
        network_poses = pose + step * bodies.spread
        precision = confidence.clamp(-8, 8).exp() / bodies.spread.square().mean(-1, keepdim=True)
        weighted = Rays(own.origins, own.directions, own.weights * self.log_ray_precision.exp())
        poses = weighted.meet(
            network_poses, precision, start=network_poses, reach_mm=120.0, steps=2
        )
        logits = self.to_score(tokens[:, -1])[:, 0]
        return bodies.back(poses), bodies.back(network_poses), precision, logits

    def _rays(self, own: Rays, pose: Tensor) -> Tensor:
        """(N, J, width + 1) what all views' rays say of each joint, and how many those are."""
        from_camera = pose[:, None] - own.origins[:, :, None]
        along = (from_camera * own.directions).sum(-1, keepdim=True)
        offset = from_camera - along * own.directions
        # Of a ray that passes far off only the direction matters.
        length = offset.norm(dim=-1, keepdim=True).clamp_min(1e-3)
        offset = offset * (length.clamp_max(MAX_OFFSET_MM) / length)
        shown = (own.weights > 0)[..., None]
        found = shown.float()
        parts = [
            own.directions,
            offset / OFFSET_UNIT_MM,
            along / DEPTH_UNIT_MM,
            own.weights[..., None],
            found,
        ]
        said = self.of_ray(torch.cat(parts, -1)) * found
        # Means and not sums: a rig may have more cameras than any that was trained on.
        count = found.sum(1)
        mean = said.sum(1) / count.clamp_min(1)
        most = torch.where(shown, said, -torch.inf).amax(1)
        most = torch.where(count > 0, most, 0.0)
        return torch.cat([mean, most, count.clamp_max(MOST_VIEWS) / 3], -1)
