"""A person's joints from three small images: from above, from the front, from the side.

Faster VoxelPose (Ye et al., ECCV 2022) replaces the feature volume around a person by its
orthographic projections, for which 2D convolutions suffice. Here the projections are drawn from
rays directly, without a volume, and their axes are aligned with the person's shoulders and hips.
The network predicts a mean and a variance of each joint. The joint is then triangulated from the
rays with that mean as prior mean and a weight that is proportional to the inverse variance.
"""

from __future__ import annotations

from typing import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpose_ours.errors import InputError
from mmpose_ours.kernels.constants import WEAK_PRIOR_WEIGHT
from mmpose_ours.models.association.rays import MAX_EXPONENT, Rays
from mmpose_ours.structures.skeleton import Skeleton

# Axes (across, up) of each image; the person's left is +x, its back +y.
PLANES = ((0, 1), (0, 2), (1, 2))
# For x, y and z: indices of the two marginals along that axis, where marginals 0 to 2 are along the
# first axes of the planes and 3 to 5 along the second ones.
MARGINALS = [
    [axes.index(axis) * 3 + plane for plane, axes in enumerate(PLANES) if axis in axes]
    for axis in range(3)
]
# mm. Standard deviation of the Gaussian profile of a ray in the images.
RAY_SIGMA_MM = 80.0
# mm. Scale of the Geman-McClure weights of rays in the triangulation with the network prediction.
SCALE_MM = 150.0
# mm. Height of the joints of a standing person above the hips, from which the position of hips is
# guessed that were not triangulated.
HEIGHT_ABOVE_HIPS_MM = dict(
    nose=600, eye=620, ear=610, neck=470, shoulder=450, elbow=200, wrist=50, hip=0, knee=-430,
    ankle=-840, heel=-880, toe=-890, head=600,
)  # fmt: skip


def draw_planes(rays: Rays, half_mm: float, bins: int) -> Tensor:
    """Draw each joint's rays into the three planes.

    A pixel of a plane stands for the line through it that is perpendicular to the plane. A ray has
    there the value exp(-d^2 / (2 RAY_SIGMA_MM^2)) of its distance d from that line, which is the
    maximum along the line of the same Gaussian in a volume.

    Args:
        rays: By person, with the person at (0, 0, 0): directions (N, V, J, 3).
        half_mm: Half the side of a plane.
        bins: S, pixels of a side.

    Returns:
        (N, 3, J, S, S) sums over the views of value (0 to 1) times weight. The first of an
        image's two axes is the first of ``PLANES``.
    """
    first, second = (list(axes) for axes in zip(*PLANES))
    a = rays.directions
    normal = torch.stack([-a[..., second], a[..., first]], -1)  # (N, V, J, 3, 2)
    # In units of sqrt(2) RAY_SIGMA_MM, so that the exponent is the squared distance.
    length = normal.norm(dim=-1, keepdim=True).clamp_min(1e-3) * (2**0.5 * RAY_SIGMA_MM)
    normal = (normal / length).permute(4, 1, 0, 3, 2)  # (2, V, N, 3, J)
    origin = torch.stack([rays.origins[..., first], rays.origins[..., second]]).transpose(1, 2)
    offset = (normal * origin[..., None]).sum(0)
    axis = torch.linspace(-half_mm, half_mm, bins, device=a.device).view(-1, 1, 1, 1, 1)
    # Pixels come first and joints last, for contiguous memory access.
    distance = (normal[0] * axis - offset)[:, None] + normal[1] * axis  # (S, S, V, N, 3, J)
    lines = distance.square_().clamp_max_(MAX_EXPONENT).neg_().exp_()
    lines *= rays.weights.transpose(0, 1)[:, :, None]
    return lines.sum(2).permute(2, 3, 4, 0, 1)


class PlaneNet(nn.Module):
    """A small encoder-decoder for images of N people, with a pooled feature vector of each.

    Args:
        inputs: Channels of the images.
        outputs: Channels of the result.
        channels: Widths at full, half and quarter resolution.
    """

    def __init__(self, inputs: int, outputs: int, channels: Sequence[int]):
        super().__init__()
        full, half, quarter = channels
        self.front = _block(inputs, full)
        self.down1 = _block(full, half, stride=2)
        self.at_half = _Residual(half)
        self.down2 = _block(half, quarter, stride=2)
        self.at_quarter = nn.Sequential(_Residual(quarter), _Residual(quarter))
        self.up1 = _block(quarter, half, kernel=1)
        self.back_at_half = _Residual(half)
        self.up2 = _block(half, full, kernel=1)
        self.out = _zeros(full, outputs)
        # torch's overloads lack memory_format.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, inputs, S, S), S a multiple of 4, to (N, outputs, S, S) and (N, quarter)."""
        front = self.front(x.contiguous(memory_format=torch.channels_last))
        half = self.at_half(self.down1(front))
        quarter = self.at_quarter(self.down2(half))
        x = self.back_at_half(half + F.interpolate(self.up1(quarter), scale_factor=2))
        x = front + F.interpolate(self.up2(x), scale_factor=2)
        return self.out(x), quarter.mean((2, 3))


def _block(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)
    nn.init.kaiming_normal_(convolution.weight)
    assert convolution.bias is not None
    nn.init.zeros_(convolution.bias)
    return nn.Sequential(convolution, nn.ReLU(inplace=True))


def _zeros(inputs: int, outputs: int) -> nn.Conv2d:
    """A convolution whose output is 0 until it is trained."""
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1)
    nn.init.zeros_(convolution.weight)
    assert convolution.bias is not None
    nn.init.zeros_(convolution.bias)
    return convolution


class _Residual(nn.Module):
    """A residual block that starts as the identity, so that it needs no normalisation."""

    def __init__(self, channels: int):
        super().__init__()
        self.first = _block(channels, channels)
        self.second = _zeros(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(self.first(x)))


class PlaneRegressor(nn.Module):
    """Rays of people to their joints and to a score of each person.

    Args:
        joints: The skeleton.
        bins: Pixels of a plane's side, a multiple of 4.
        size_mm: Side of a plane.
        channels: Widths of :class:`PlaneNet`.
    """

    heights: Tensor

    def __init__(
        self,
        joints: Skeleton,
        bins: int = 20,
        size_mm: float = 2400.0,
        channels: Sequence[int] = (32, 64, 96),
    ):
        super().__init__()
        if bins <= 0 or bins % 4:
            raise InputError(
                f'planes need a side of a multiple of 4 pixels, got {bins}',
                code='out-of-range',
                found=bins,
            )
        self.bins, self.half_mm, self.num_joints = bins, size_mm / 2, len(joints)
        self.net = PlaneNet(2 * len(joints) + 3, len(joints), channels)
        first, last = nn.Linear(3 * channels[-1] + 2, 64), nn.Linear(64, 1)
        self.confidence = nn.Sequential(first, nn.ReLU(inplace=True), last)
        # Start with a score of sigmoid(3) = 0.95, since nearly all proposals are real people.
        nn.init.constant_(last.bias, 3.0)
        # Logarithms, per joint: of the factor of the rays' own images in the logits, and of the
        # factor (in mm^2) that turns the inverse variance of the network prediction into the prior
        # weight of the triangulation.
        self.log_sharpness = nn.Parameter(torch.full((len(joints),), 1.0))
        self.log_pull = nn.Parameter(torch.full((len(joints),), 7.0))
        heights = [HEIGHT_ABOVE_HIPS_MM[joint.split('_')[-1]] for joint in joints.joints]
        self.register_buffer('heights', torch.tensor(heights).float(), persistent=False)
        self._root = joints.index(*joints.root)
        self._left, self._right = (
            joints.index(*(f'{side}_{name}' for name in ('shoulder', 'hip')))
            for side in ('left', 'right')
        )

    def person_frame(self, rays: Rays) -> tuple[Tensor, Tensor]:
        """Position and orientation of people, from the joints that two views or more show.

        Args:
            rays: By person: directions (N, V, J, 3).

        Returns:
            ``centers`` (N, 3) in mm, the middle of the hips or a guess of it, and ``rotation``
            (N, 3, 3) about z, from the axes of the rays to those of the person (left is +x, back
            is +y).
        """
        known = (rays.weights > 0).sum(1) >= 2  # (N, J)
        prior_mean = rays.weights.new_zeros(*known.shape, 3)
        x = rays.triangulate(prior_mean, WEAK_PRIOR_WEIGHT)
        missing = x.new_full((), torch.nan)
        guess = torch.cat([x[..., :2], x[..., 2:] - self.heights[:, None]], -1)
        guess = torch.where(known[..., None], guess, missing).nanmedian(1).values.nan_to_num()
        hips = known[:, self._root].all(1)
        centers = torch.where(hips[:, None], x[:, self._root].mean(1), guess)

        sides = known[:, self._left] & known[:, self._right]
        right_to_left = (x[:, self._left] - x[:, self._right])[..., :2] * sides[..., None]
        angle = torch.atan2(right_to_left[..., 1].sum(1), right_to_left[..., 0].sum(1))
        cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
        rotation = torch.stack([cos, sin, zero, -sin, cos, zero, zero, zero, zero + 1], -1)
        return centers, rotation.view(-1, 3, 3)

    def forward(self, rays: Rays) -> tuple[Tensor, Tensor, Tensor]:
        """Rays by person (directions (N, V, J, 3)), at least two views each.

        Returns:
            ``poses`` (N, J, 3) in mm, triangulated with the network prediction as prior mean;
            ``network_poses`` (N, J, 3) in mm, the network prediction; and ``logits`` (N,), whose
            sigmoid is the probability that the rays belong to one real person.
        """
        device = rays.weights.device.type
        with torch.no_grad(), torch.autocast(device, enabled=False):
            centers, rotation = self.person_frame(rays)
            rays = rays.transformed(-centers, rotation)
            lines = draw_planes(rays, self.half_mm, self.bins)
        net, pooled = self.net(_images(lines, rays.weights))
        with torch.autocast(device, enabled=False):
            sharpness = self.log_sharpness.exp()[:, None, None]
            logits = net.float().unflatten(0, (-1, 3)) + sharpness * lines
            network_poses, variance = self._mean_and_variance(logits)
            prior_weight = self.log_pull.exp()[:, None] / variance
            poses = rays.triangulate(
                network_poses, prior_weight, start=network_poses, scale_mm=SCALE_MM, steps=2
            )
            poses, network_poses = (p @ rotation + centers[:, None] for p in (poses, network_poses))
            detected = (rays.weights > 0).float().mean(2)  # (N, V) share of the joints
            views = torch.stack([(detected > 0).sum(1) / 4.0, detected.sum(1) / 4.0], -1)
            pooled = pooled.float().view(len(detected), -1)
            confidence = self.confidence(torch.cat([pooled, views], 1))
        return poses, network_poses, confidence[:, 0]

    def _mean_and_variance(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Mean (N, J, 3) in mm and variance in mm^2 of joints, from logits (N, 3, J, S, S).

        The softmax of an image has two marginals. The two images that contain an axis are combined
        by inverse-variance weighting.
        """
        axis = torch.linspace(-self.half_mm, self.half_mm, self.bins, device=logits.device)
        probability = torch.softmax(logits.flatten(3), -1).view_as(logits)
        marginals = torch.cat([probability.sum(-1), probability.sum(-2)], 1)  # (N, 6, J, S)
        mean = marginals @ axis
        variance = (marginals @ axis**2 - mean**2).clamp_min(0)
        # Add the variance of a uniform distribution over one pixel.
        precision = 1 / (variance + (axis[1] - axis[0]) ** 2 / 12)
        # Two of the three planes contain each axis: (N, 3, 2, J)
        mean, precision = mean[:, MARGINALS], precision[:, MARGINALS]
        total = precision.sum(2)
        mean = (precision * mean).sum(2) / total
        return mean.transpose(1, 2), 1 / total.transpose(1, 2)


def _images(lines: Tensor, weights: Tensor) -> Tensor:
    """Input of the net: mean over the views, sum over the views, and a one-hot code of the plane.

    Args:
        lines: (N, 3, J, S, S) from :func:`draw_planes`.
        weights: (N, V, J).

    Returns:
        (3 N, 2 J + 3, S, S).
    """
    mean = lines / weights.sum(1).clamp_min(0.1)[:, None, :, None, None]
    plane = torch.eye(3, device=lines.device)[:, :, None, None].expand(-1, -1, *lines.shape[-2:])
    plane = plane.expand(len(lines), *plane.shape)
    return torch.cat([mean, lines / 4, plane], 2).flatten(0, 1)
