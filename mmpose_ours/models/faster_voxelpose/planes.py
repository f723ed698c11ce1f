"""A person's joints from three small images: from above, from the front, from the side.

Faster VoxelPose (Ye et al., ECCV 2022) replaces the volume around a person by its orthographic
projections, for which 2D convolutions suffice. Here the images are drawn from rays directly,
no volume ever exists, they stand square to the person's shoulders, and what the net has seen
in them is weighed against the rays themselves: the net says where a joint is likely and how
sure that is, rays that pass there say exactly where.
"""

from __future__ import annotations

from typing import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpose_ours.errors import InputError
from mmpose_ours.models.association.rays import NOTHING, Rays
from mmpose_ours.structures.skeleton import Skeleton

# Axes (across, up) of each image; the person's left is +x, its back +y.
PLANES = ((0, 1), (0, 2), (1, 2))
# Which marginals are along x, y and z, of all planes' first axes and then their second ones.
MARGINALS = [
    [axes.index(axis) * 3 + plane for plane, axes in enumerate(PLANES) if axis in axes]
    for axis in range(3)
]
# Width of a ray in the images.
RAY_SIGMA_MM = 80.0
# Where joints of somebody standing are above the hips, to guess hips that nobody saw.
HEIGHT_ABOVE_HIPS_MM = dict(
    nose=600, eye=620, ear=610, neck=470, shoulder=450, elbow=200, wrist=50, hip=0, knee=-430,
    ankle=-840, heel=-880, toe=-890, head=600,
)  # fmt: skip


def draw_planes(rays: Rays, half_mm: float, bins: int) -> Tensor:
    """Draw each joint's rays into the three planes.

    A pixel of a plane is a line across it. A ray's brightness there is how close it passes to
    that line, which is what the brightest voxel along the line would hold in a volume.

    Args:
        rays: Of N people with the person at (0, 0, 0); directions (N, V, J, 3).
        half_mm: Half the side of a plane.
        bins: Pixels of a side.

    Returns:
        (N, 3, J, S, S) sums over the views of brightness (0 to 1) times weight. The first of a
        image's two axes is the first of ``PLANES``.
    """
    first, second = (list(axes) for axes in zip(*PLANES))
    a = rays.directions
    normal = torch.stack([-a[..., second], a[..., first]], -1)  # (N, V, J, 3, 2)
    # In widths of a ray, so that what is squared per pixel needs no factor.
    length = normal.norm(dim=-1, keepdim=True).clamp_min(1e-3) * (2**0.5 * RAY_SIGMA_MM)
    normal = (normal / length).permute(4, 1, 0, 3, 2)  # (2, V, N, 3, J)
    origin = torch.stack([rays.origins[..., first], rays.origins[..., second]]).transpose(1, 2)
    offset = (normal * origin[..., None]).sum(0)
    axis = torch.linspace(-half_mm, half_mm, bins, device=a.device).view(-1, 1, 1, 1, 1)
    # Pixels come first: what is computed per pixel then runs along memory.
    distance = (normal[0] * axis - offset)[:, None] + normal[1] * axis  # (S, S, V, N, 3, J)
    lines = distance.square_().clamp_max_(NOTHING).neg_().exp_()
    lines *= rays.weights.transpose(0, 1)[:, :, None]
    return lines.sum(2).permute(2, 3, 4, 0, 1)


class PlaneNet(nn.Module):
    """A small encoder-decoder for images of N people, with a summary of what it saw.

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
    """Two convolutions beside the identity, which they start as: so no norm is needed."""

    def __init__(self, channels: int):
        super().__init__()
        self.first = _block(channels, channels)
        self.second = _zeros(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(self.first(x)))


class PlaneRegressor(nn.Module):
    """Rays of people to their joints and how much each is to be believed.

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
        # Almost everybody who is proposed is real, so that is what an untrained net believes.
        nn.init.constant_(last.bias, 3.0)
        # How sharp the rays' own image is, and the weight of the network prediction in mm^-2.
        self.log_sharpness = nn.Parameter(torch.full((len(joints),), 1.0))
        self.log_pull = nn.Parameter(torch.full((len(joints),), 7.0))
        heights = [HEIGHT_ABOVE_HIPS_MM[joint.split('_')[-1]] for joint in joints.joints]
        self.register_buffer('heights', torch.tensor(heights).float(), persistent=False)
        self._root = joints.index(*joints.root)
        self._left, self._right = (
            joints.index(*(f'{side}_{name}' for name in ('shoulder', 'hip')))
            for side in ('left', 'right')
        )

    def place(self, rays: Rays) -> tuple[Tensor, Tensor]:
        """Where people are and how they stand, from what two views or more see.

        Args:
            rays: Of N people; directions (N, V, J, 3).

        Returns:
            ``centers`` (N, 3) in mm, the middle of the hips as good as it is known, and
            ``turn`` (N, 3, 3), which takes the world's directions into the person's axes.
        """
        known = (rays.weights > 0).sum(1) >= 2  # (N, J)
        x = rays.meet(rays.weights.new_zeros(*known.shape, 3), 1e-4)
        lost = x.new_full((), torch.nan)
        guess = torch.cat([x[..., :2], x[..., 2:] - self.heights[:, None]], -1)
        guess = torch.where(known[..., None], guess, lost).nanmedian(1).values.nan_to_num()
        hips = known[:, self._root].all(1)
        centers = torch.where(hips[:, None], x[:, self._root].mean(1), guess)

        sides = known[:, self._left] & known[:, self._right]
        across = (x[:, self._left] - x[:, self._right])[..., :2] * sides[..., None]
        angle = torch.atan2(across[..., 1].sum(1), across[..., 0].sum(1))
        cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
        turn = torch.stack([cos, sin, zero, -sin, cos, zero, zero, zero, zero + 1], -1)
        return centers, turn.view(-1, 3, 3)

    def forward(self, rays: Rays) -> tuple[Tensor, Tensor, Tensor]:
        """Rays of N people (directions (N, V, J, 3)), at least two views each.

        Returns:
            ``poses`` (N, J, 3) in mm; ``network_poses`` (N, J, 3), what the net alone says; and
            ``logits`` (N,), above 0 where it takes the rays for one real person.
        """
        device = rays.weights.device.type
        with torch.no_grad(), torch.autocast(device, enabled=False):
            centers, turn = self.place(rays)
            own = rays.moved(-centers, turn)
            lines = draw_planes(own, self.half_mm, self.bins)
        net, summary = self.net(_images(lines, rays.weights))
        with torch.autocast(device, enabled=False):
            sharpness = self.log_sharpness.exp()[:, None, None]
            logits = net.float().unflatten(0, (-1, 3)) + sharpness * lines
            network_poses, spread = self._expect(logits)
            pull = self.log_pull.exp()[:, None] / spread
            poses = own.meet(network_poses, pull, start=network_poses, reach_mm=150.0, steps=2)
            poses, network_poses = (p @ turn + centers[:, None] for p in (poses, network_poses))
            seen = (rays.weights > 0).float().mean(2)  # (N, V)
            views = torch.stack([(seen > 0).sum(1) / 4.0, seen.sum(1) / 4.0], -1)
            confidence = self.confidence(torch.cat([summary.float().view(len(seen), -1), views], 1))
        return poses, network_poses, confidence[:, 0]

    def _expect(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Expected place and its variance along x, y and z from images (N, 3, J, S, S)."""
        axis = torch.linspace(-self.half_mm, self.half_mm, self.bins, device=logits.device)
        share = torch.softmax(logits.flatten(3), -1).view_as(logits)
        marginals = torch.cat([share.sum(-1), share.sum(-2)], 1)  # (N, 6, J, S)
        middle = marginals @ axis
        variance = (marginals @ axis**2 - middle**2).clamp_min(0)
        precision = 1 / (variance + (axis[1] - axis[0]) ** 2 / 12)
        # Two of the three planes show each axis: (N, 3, 2, J)
        middle, precision = middle[:, MARGINALS], precision[:, MARGINALS]
        total = precision.sum(2)
        mean = (precision * middle).sum(2) / total
        return mean.transpose(1, 2), 1 / total.transpose(1, 2)


def _images(lines: Tensor, weights: Tensor) -> Tensor:
    """What the net sees: how much the rays agree, how many there are, and which plane it is.

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
