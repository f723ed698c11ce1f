"""Heatmaps drawn from keypoints."""

import numpy as np
import pytest
import torch

from mmpose_ours.models.ops.heatmaps import draw_heatmaps, person_sigma


def test_heatmap_peaks_stand_where_the_joints_are():
    keypoints = torch.zeros(1, 2, 3, 3)
    keypoints[0, 0] = torch.tensor([[20.0, 10, 0.9], [30, 25, 0.5], [0, 0, 0]])
    keypoints[0, 1] = torch.tensor([[60.0, 40, 0.7], [30, 25, 0.8], [0, 0, 0]])
    heatmaps = draw_heatmaps(keypoints, 1.5, (80, 60))
    assert heatmaps.shape == (1, 3, 60, 80)
    assert heatmaps[0, 0, 10, 20] == pytest.approx(0.9)
    assert heatmaps[0, 0, 40, 60] == pytest.approx(0.7)
    assert heatmaps[0, 1, 25, 30] == pytest.approx(0.8)  # the stronger of two wins
    assert not heatmaps[0, 2].any()  # score 0 draws nothing, also not at the origin
    sigma = person_sigma(keypoints[0, 0], 1.5)
    expected = 0.9 * np.exp(-0.5 * (3 / float(sigma)) ** 2)
    assert heatmaps[0, 0, 10, 23] == pytest.approx(expected, rel=1e-5)


def test_nobody_makes_empty_heatmaps():
    assert draw_heatmaps(torch.zeros(3, 0, 17, 3), 3.0, (40, 30)).shape == (3, 17, 30, 40)


def dense(keypoints, sigma, size):
    """Every pixel of every person: the definition, without any window."""
    spread = person_sigma(keypoints, sigma)[..., None, None]

    def profile(mu, length):
        offset = torch.arange(length) - mu[..., None]
        return torch.exp(-0.5 * (offset / spread) ** 2) * (offset.abs() <= 3 * spread)

    across, down = profile(keypoints[..., 0], size[0]), profile(keypoints[..., 1], size[1])
    score = keypoints[..., 2, None, None].clamp(0, 1)
    return (score * down[..., :, None] * across[..., None, :]).amax(1)


@pytest.mark.parametrize('size', [(80, 60), (20, 12), (4, 3)])  # windows larger than heatmaps, too
def test_windows_draw_what_the_definition_says(size):
    torch.manual_seed(0)
    keypoints = torch.rand(3, 4, 5, 3, dtype=torch.float64)
    keypoints[..., :2] = (keypoints[..., :2] * 1.6 - 0.3) * torch.tensor(size)  # some outside
    keypoints[..., 2] = keypoints[..., 2] * 1.4 - 0.2
    keypoints[0, 0, 0, :2] = 1e9
    first, second = (keypoints.clone().requires_grad_() for _ in range(2))
    drawn, expected = draw_heatmaps(first, 3.0, size), dense(second, 3.0, size)
    torch.testing.assert_close(drawn, expected)
    assert drawn.max() > 0.5
    weight = torch.rand_like(drawn)
    for heatmaps in (drawn, expected):
        (heatmaps * weight).sum().backward()
    found = keypoints[..., 2] > 0
    torch.testing.assert_close(first.grad[found], second.grad[found])


def test_nobody_found_draws_nothing():
    keypoints = torch.zeros(2, 3, 5, 3)
    assert not draw_heatmaps(keypoints, 3.0, (40, 30)).any()
