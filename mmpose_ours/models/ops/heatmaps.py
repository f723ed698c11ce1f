"""Heatmaps drawn from 2D keypoints, on the device of the keypoints."""

from __future__ import annotations

import torch
from torch import Tensor

# Heatmap pixels. A person whose bounding box has this longer side gets peaks of the standard
# deviation sigma * sqrt(2); sizes are clamped to half and twice of it, as in VoxelPose.
BASE_SIZE = 96.0
# Peaks are 0 beyond this many standard deviations.
TRUNCATION = 3.0


def person_sigma(keypoints: Tensor, sigma: float) -> Tensor:
    """Standard deviation of a person's peaks, in proportion to the person's size.

    Args:
        keypoints: (..., J, 3) ``u, v, score`` in heatmap pixels.
        sigma: The standard deviation of a person of BASE_SIZE, divided by sqrt(2).

    Returns:
        (...) standard deviations in heatmap pixels.
    """
    found = keypoints[..., 2:] > 0
    uv = keypoints[..., :2]
    high = torch.where(found, uv, torch.full_like(uv, -torch.inf)).amax(-2)
    low = torch.where(found, uv, torch.full_like(uv, torch.inf)).amin(-2)
    length = (high - low).amax(-1).clamp(BASE_SIZE / 2, 2 * BASE_SIZE)
    return sigma * 2**0.5 * length / BASE_SIZE


def draw_heatmaps(keypoints: Tensor, sigma: float, size: tuple[int, int]) -> Tensor:
    """Draw Gaussian peaks of height ``score``; the maximum where people overlap.

    Only a window around each peak is computed, of the same size for all peaks, and all are written
    by one scatter operation.

    Args:
        keypoints: (V, P, J, 3) ``u, v, score`` in heatmap pixels; score 0 draws nothing.
        sigma: As :func:`person_sigma` takes it.
        size: (width, height) of the heatmaps.

    Returns:
        (V, J, height, width) in [0, 1].
    """
    views, _, joints, _ = keypoints.shape
    width, height = size
    heatmaps = keypoints.new_zeros(views * joints * height * width)
    found = (keypoints[..., 2] > 0) & keypoints.isfinite().all(-1)
    view, _, joint = found.nonzero(as_tuple=True)
    if not len(view):
        return heatmaps.view(views, joints, height, width)
    u, v, score = keypoints[found].T[..., None]
    std = person_sigma(keypoints, sigma)[..., None].expand_as(found)[found][:, None]
    radius = int(TRUNCATION * float(std.detach().max()) + 0.5)

    def profile(mu: Tensor, length: int) -> tuple[Tensor, Tensor]:
        """First pixels of K windows along one axis (K, 1), and the values in these (K, R)."""
        # Windows are shifted to lie inside the image; near its border the peak is off-centre.
        count = min(2 * radius + 1, length)
        first = (mu.detach().round() - radius).clamp(0, length - count)
        offset = torch.arange(count, device=mu.device) + (first - mu)
        inside = offset.abs() <= TRUNCATION * std
        return first.long(), torch.exp(-0.5 * (offset / std) ** 2) * inside

    left, across = profile(u, width)
    top, down = profile(v, height)
    peaks = (down * score.clamp(0, 1))[..., None] * across[:, None]
    rows, columns = (torch.arange(n, device=u.device) for n in peaks.shape[1:])
    window = (rows[:, None] * width + columns).flatten()
    corner = ((view * joints + joint)[:, None] * height + top) * width + left
    heatmaps.scatter_reduce_(0, (corner + window).flatten(), peaks.flatten(), 'amax')
    return heatmaps.view(views, joints, height, width)
