"""Heatmaps drawn from keypoints, on whatever device the keypoints are."""

from __future__ import annotations

import torch
from torch import Tensor

# A person this long (heatmap pixels, longer side of its box) gets sigma * sqrt(2); sizes are
# held within half and twice of it, as VoxelPose does.
BASE_SIZE = 96.0
TRUNCATION = 3.0


def person_sigma(keypoints: Tensor, sigma: float) -> Tensor:
    """Width of a person's peaks, in proportion to the person.

    Args:
        keypoints: (..., J, 3) ``u, v, score`` in heatmap pixels.
        sigma: Width at the base size.

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
    """Draw Gaussian peaks of height ``score``, the higher one where people overlap.

    Only a window around each peak is computed, as large for all as the widest one needs,
    and everything is written in one go.

    Args:
        keypoints: (V, P, J, 3) ``u, v, score`` in heatmap pixels; score 0 draws nothing.
        sigma: Peak width in heatmap pixels for a person of :data:`BASE_SIZE` pixels.
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
    spread = person_sigma(keypoints, sigma)[..., None].expand_as(found)[found][:, None]
    reach = int(TRUNCATION * float(spread.detach().max()) + 0.5)

    def profile(mu: Tensor, length: int) -> tuple[Tensor, Tensor]:
        """Along one axis the first pixels of K windows (K, 1), and the peaks within (K, R)."""
        # Windows never leave the image: near its border the peak is not in their middle.
        count = min(2 * reach + 1, length)
        first = (mu.detach().round() - reach).clamp(0, length - count)
        offset = torch.arange(count, device=mu.device) + (first - mu)
        # Beyond the truncation a peak is nothing: tails must not contribute.
        inside = offset.abs() <= TRUNCATION * spread
        return first.long(), torch.exp(-0.5 * (offset / spread) ** 2) * inside

    left, across = profile(u, width)
    top, down = profile(v, height)
    peaks = (down * score.clamp(0, 1))[..., None] * across[:, None]
    rows, columns = (torch.arange(n, device=u.device) for n in peaks.shape[1:])
    window = (rows[:, None] * width + columns).flatten()
    corner = ((view * joints + joint)[:, None] * height + top) * width + left
    heatmaps.scatter_reduce_(0, (corner + window).flatten(), peaks.flatten(), 'amax')
    return heatmaps.view(views, joints, height, width)
