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

    Args:
        keypoints: (V, P, J, 3) ``u, v, score`` in heatmap pixels; score 0 draws nothing.
        sigma: Peak width in heatmap pixels for a person of :data:`BASE_SIZE` pixels.
        size: (width, height) of the heatmaps.

    Returns:
        (V, J, height, width) in [0, 1].
    """
    views, people, joints = keypoints.shape[:3]
    if not people:
        return keypoints.new_zeros(views, joints, size[1], size[0])
    width = person_sigma(keypoints, sigma)[..., None, None]

    def profile(mu: Tensor, length: int) -> Tensor:
        offset = torch.arange(length, device=mu.device, dtype=mu.dtype) - mu[..., None]
        # Beyond the truncation a peak is nothing: tails must not vote.
        return torch.exp(-0.5 * (offset / width) ** 2) * (offset.abs() <= TRUNCATION * width)

    across = profile(keypoints[..., 0], size[0])
    down = profile(keypoints[..., 1], size[1]) * keypoints[..., 2:].clamp(0, 1)
    result = keypoints.new_zeros(views, joints, size[1], size[0])
    for person in range(people):  # one at a time: all at once would need people times memory
        peak = down[:, person, :, :, None] * across[:, person, :, None, :]
        result = torch.maximum(result, peak)
    return result
