"""Unprojection of heatmaps: each voxel gets the mean of the heatmaps at its projections.

The mean is over the views in whose images the voxel's centre lies. On a CPU it is computed by
``embedding_bag``: the bag of a voxel consists of the four pixels around its projection in every
view, with weights of bilinear interpolation. The joints of a pixel are contiguous in memory, so
that indices and weights are shared by all of them, and volumes have channels last, as
:class:`~mmpose_ours.models.ops.v2v.V2VNet` takes them. On other devices ``grid_sample`` is used.
"""

from __future__ import annotations

import dataclasses
from typing import Iterable, Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from mmpose_ours.models.ops.projection import TorchRig

# Projections (points times views) per chunk on a CPU: few enough for its caches, enough to
# distribute over threads.
CPU_CHUNK = 1 << 17
# Points per chunk on other devices: bounds memory to points * views * joints * 4 bytes.
GPU_CHUNK = 1 << 18


@dataclasses.dataclass(frozen=True)
class PixelSamples:
    """The pixels whose weighted sum is a point's value, for N points and T pixels; on the CPU.

    Args:
        index: (T,) int32 rows of :func:`pixel_table`, one point after another.
        weight: (T,) weight of each pixel; may be 0.
        start: (N,) int32, index of each point's first pixel in ``index``.
    """

    index: Tensor
    weight: Tensor
    start: Tensor

    def without_zeros(self) -> PixelSamples:
        """Without pixels of weight 0: the same sums, faster if they are computed repeatedly."""
        keep = self.weight != 0
        before = F.pad(keep.cumsum(0), (1, 0))
        return PixelSamples(self.index[keep], self.weight[keep], before[self.start.long()].int())


def pixel_table(heatmaps: Tensor) -> Tensor:
    """Heatmaps (V, J, H, W) as rows (V * (H + 1) * (W + 1), J) in float32.

    Each view is padded by a row of zeros below and a column of zeros to the right, which bilinear
    interpolation at the last row and column refers to.
    """
    views, joints, height, width = heatmaps.shape
    table = heatmaps.new_empty(views, height + 1, width + 1, joints, dtype=torch.float32)
    table[:, height] = 0
    table[:, :, width] = 0
    table[:, :height, :width] = heatmaps.permute(0, 2, 3, 1)
    return table.flatten(0, 2)


def sum_samples(heatmaps: Tensor, samples: Iterable[PixelSamples], points: int) -> Tensor:
    """Weighted sums of pixels, point by point.

    Args:
        heatmaps: (V, J, H, W) in [0, 1], on the CPU.
        samples: Pixels and weights, one item per chunk of points.
        points: N, the number of points in all chunks.

    Returns:
        (N, J) in float32; 0 where no view sees the point.
    """
    table = pixel_table(heatmaps)
    values = table.new_empty(points, heatmaps.shape[1])
    done = 0
    for chunk in samples:
        values[done : done + len(chunk.start)] = F.embedding_bag(
            chunk.index, table, chunk.start, mode='sum', per_sample_weights=chunk.weight
        ).clamp_(0, 1)
        done += len(chunk.start)
    assert done == points
    return values


def point_samples(rig: TorchRig, xyz_w: Tensor, heatmap_size: Sequence[int]) -> list[PixelSamples]:
    """Pixels and weights of arbitrary points, chunk by chunk.

    Args:
        rig: V cameras, on the CPU.
        xyz_w: (N, 3) millimetres.
        heatmap_size: (width, height).
    """
    scale, shift = rig.fit(heatmap_size)
    samples = []
    for points in xyz_w.split(max(1, CPU_CHUNK // len(rig.K))):
        uv, valid = rig.project(points)
        u, v = (uv * scale[:, None] + shift[:, None]).unbind(-1)
        samples.append(_pixel_samples(u, v, valid.to(u.dtype), shift, heatmap_size).without_zeros())
    return samples


def cube_samples(
    rig: TorchRig,
    centers_w: Tensor,
    size_mm: float,
    bins: Sequence[int],
    heatmap_size: Sequence[int],
) -> Iterator[PixelSamples]:
    """Pixels and weights of the voxels of cubes, chunk by chunk; z runs fastest, cubes slowest.

    Args:
        rig: V cameras, on the CPU.
        centers_w: (N, 3) centres of the cubes in mm.
        size_mm: Edge length of the cubes; the outermost voxels lie on the faces.
        bins: Voxels along x, y and z.
        heatmap_size: (width, height).
    """
    scale, shift = rig.fit(heatmap_size)
    # Intrinsics in heatmap pixels
    K = torch.cat([rig.K[:, :2] * scale[..., None], rig.K[:, 2:]], dim=1)
    K[:, :2, 2] += shift
    axes, origin = rig.R_w2c.double(), rig.t_w2c.double()[..., None]
    if rig.is_pinhole:  # (u * depth, v * depth, depth) straight from the world
        axes, origin = K.double() @ axes, K.double() @ origin
    steps = [torch.linspace(-size_mm / 2, size_mm / 2, n, dtype=torch.float64) for n in bins]
    # Projection is linear in homogeneous coordinates, so the lattice is a sum of one vector per
    # axis, computed as (V, 3, N * X, 1) plus (V, 3, 1, Y * Z).
    along_x, along_y, along_z = (axes[..., i, None] * step for i, step in enumerate(steps))
    centers = axes @ centers_w.detach().double().T + origin
    slices = (centers[..., None] + along_x[:, :, None]).flatten(2)[..., None].to(K.dtype)
    planes = (along_y[..., None] + along_z[:, :, None]).flatten(2)[:, :, None].to(K.dtype)
    for part in slices.split(max(1, CPU_CHUNK // (len(K) * planes.shape[-1])), dim=2):
        u, v, depth = ((part[:, i] + planes[:, i]).flatten(1) for i in range(3))
        # 0 and 1 as floats: several times faster than booleans.
        seen = torch.empty_like(depth)
        torch.gt(depth, 0, out=seen)
        depth.reciprocal_()
        u *= depth
        v *= depth
        if not rig.is_pinhole:
            x, y, in_range = rig.distort(u, v)
            seen *= in_range.to(seen.dtype)
            u = x * K[:, 0, :1] + y * K[:, 0, 1:2] + K[:, 0, 2:]
            v = x * K[:, 1, :1] + y * K[:, 1, 1:2] + K[:, 1, 2:]
        yield _pixel_samples(u, v, seen, shift, heatmap_size)


def _pixel_samples(
    u: Tensor, v: Tensor, seen: Tensor, shift: Tensor, heatmap_size: Sequence[int]
) -> PixelSamples:
    """The 4 * V pixels around the projections of each of N points, with bilinear weights.

    Args:
        u: (V, N) heatmap pixels; overwritten.
        v: (V, N) heatmap pixels; overwritten.
        seen: (V, N) 1.0 where the projection is valid, else 0.0; overwritten.
        shift: (V, 2) heatmap pixel of the image's upper left corner (letterbox).
        heatmap_size: (width, height).
    """
    corners, fractions = [], []
    for position, low, length in zip((u, v), shift.T[..., None], heatmap_size):
        high = torch.nextafter(length - low, low)  # the end of the image is excluded
        clamped = torch.maximum(position, low)
        torch.minimum(clamped, high, out=clamped)
        seen *= position.eq_(clamped)
        clamped.nan_to_num_(0.0)
        corners.append(torch.floor(clamped, out=position))
        fractions.append(clamped.sub_(position))
    seen /= seen.sum(0) + 1e-6

    (left, top), (right_fraction, bottom_fraction) = corners, fractions
    # The pixel itself, its right neighbour, the one below, and its right neighbour
    stride = heatmap_size[0] + 1
    views, points = u.shape
    # Rows are padded by 16: with rows of whole memory pages, the entries of a column would share
    # cache lines, and by_point would be several times slower.
    index = torch.empty(views, 4, points + 16, dtype=torch.int32)[..., :points]
    first = torch.arange(views, dtype=torch.int32)[:, None] * (stride * (heatmap_size[1] + 1))
    index[:, 0] = top.mul_(stride).add_(left)
    index[:, 0] += first
    for tap, step in enumerate((1, stride, stride + 1), start=1):
        torch.add(index[:, 0], step, out=index[:, tap])
    weight = torch.empty(views, 4, points + 16, dtype=u.dtype)[..., :points]
    bottom = bottom_fraction.mul_(seen)
    for tap, rest in ((0, seen.sub_(bottom)), (2, bottom)):
        torch.mul(rest, right_fraction, out=weight[:, tap + 1])
        torch.sub(rest, weight[:, tap + 1], out=weight[:, tap])

    def by_point(values: Tensor) -> Tensor:
        return values.flatten(0, 1).T.contiguous().flatten()

    start = torch.arange(0, 4 * views * points, 4 * views, dtype=torch.int32)
    return PixelSamples(by_point(index), by_point(weight).float(), start)


def sampling_grid(
    rig: TorchRig, xyz_w: Tensor, heatmap_size: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Positions of world points in every view's heatmap.

    Args:
        rig: V cameras.
        xyz_w: (N, 3) points in millimetres.
        heatmap_size: (width, height).

    Returns:
        ``grid`` (V, N, 2) in ``grid_sample``'s coordinates with aligned corners, and
        ``seen`` (V, N): valid and inside the full image.
    """
    uv, valid = rig.project(xyz_w)
    inside = (uv >= 0).all(-1) & (uv < rig.size[:, None]).all(-1)
    scale, shift = rig.fit(heatmap_size)
    last = uv.new_tensor([heatmap_size[0] - 1, heatmap_size[1] - 1])
    grid = (uv * scale[:, None] + shift[:, None]) / last * 2 - 1
    return grid.clamp(-1.1, 1.1), valid & inside


def sample_heatmaps(heatmaps: Tensor, grid: Tensor, seen: Tensor) -> Tensor:
    """Mean of the heatmaps over the views that see each point, on any device.

    Args:
        heatmaps: (V, J, H, W) in [0, 1].
        grid: (V, N, 2) from :func:`sampling_grid`.
        seen: (V, N).

    Returns:
        (J, N); 0 where no view sees the point.
    """
    parts = []
    for start in range(0, grid.shape[1], GPU_CHUNK):
        chunk = slice(start, start + GPU_CHUNK)
        values = F.grid_sample(heatmaps, grid[:, None, chunk], align_corners=True)[:, :, 0]
        weight = seen[:, None, chunk].to(values.dtype)
        parts.append((values * weight).sum(0) / (weight.sum(0) + 1e-6))
    return torch.cat(parts, dim=1).clamp(0, 1)
