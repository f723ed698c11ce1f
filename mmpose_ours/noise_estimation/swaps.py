"""Left-right swaps, found by comparing each view with the other views.

The joints of a view are compared with the projection of the points that the other views
triangulate. Whether limbs are swapped is decidable only if left and right are apart in the image;
the probabilities refer to the decidable cases.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.noise_estimation.joint_errors import (
    INITIAL_OUTLIER_PROB,
    ErrorModel,
    Residuals,
    expectation,
)
from mmpose_ours.structures.skeletons import SKELETONS

COCO17 = SKELETONS['coco17']
PAIRS = ('eye', 'ear', 'shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle')
# Pairs that are swapped together.
GROUPS = {
    'arms': ('elbow', 'wrist'),
    'legs': ('knee', 'ankle'),
    'legs and hips': ('hip', 'knee', 'ankle'),
    'whole': PAIRS,
}
# Fractions of the limb swaps of DetectorNoise, which draws its three kinds with equal probability.
FRACTION_OF_SWAPS = {'arms': 1 / 3, 'legs': 2 / 3}
LEFT = np.array(COCO17.index(*(f'left_{name}' for name in PAIRS)))
RIGHT = np.array(COCO17.index(*(f'right_{name}' for name in PAIRS)))
# Log likelihood ratios: the smallest one at which a swap is accepted, the largest contribution of
# one pair of joints, and the smallest expected one of a true swap for the case to be decidable.
MIN_GAIN, MAX_PAIR_GAIN, MIN_EXPECTED_GAIN = 6.0, 30.0, 25.0
# Iterations of the E-step for the points of the other views.
ROUNDS = 8
# Lower limit of the standard deviation, in sizes, for robustness to calibration errors.
MIN_STD = 0.008


@dataclasses.dataclass(frozen=True, eq=False)
class Swaps:
    """Left-right swaps of N people in V views.

    Args:
        source: (V, N, 17) for each joint the index of the joint whose pixel is its true one.
        limbs: By group of limbs: (number of swaps, number of decidable cases).
        whole: The same of whole people.
    """

    source: np.ndarray
    limbs: dict[str, tuple[int, int]]
    whole: tuple[int, int]

    @property
    def limb_share(self) -> float:
        """Probability of a limb swap per person and view.

        The number of swaps divided by the expected number for a probability of 1; arms and legs
        have fixed fractions of the swaps.
        """
        swapped = sum(count for count, _ in self.limbs.values())
        decidable = sum(FRACTION_OF_SWAPS[name] * cases for name, (_, cases) in self.limbs.items())
        return float(swapped / max(decidable, 1))

    @property
    def whole_share(self) -> float:
        """Probability per person and view that all joints are swapped."""
        return self.whole[0] / max(self.whole[1], 1)


def find_swaps(residuals: Residuals, model: ErrorModel) -> Swaps:
    """Find swapped limbs in each view of each person.

    A swapped view distorts the points of the other views, so that a correct view may look swapped.
    Therefore the most certain swap of each person is corrected first, and the rest is tested again.

    Args:
        residuals: V views of N people, linearised at the triangulated points.
        model: Error model.
    """
    gains, expected_gains = _gains(residuals, model)
    # Decidability is evaluated before any correction, when it depends on the other views only.
    # Cases that become decidable after the correction of another view are hardly ever swaps.
    is_decidable = _is_decidable(expected_gains)
    group = np.full(is_decidable.shape[1:], -1)
    tested = np.arange(len(group[0]))
    while True:
        best = np.where(group[:, tested] < 0, gains.max(0), 0.0)
        accepted = (best == best.max(0)) & (best > MIN_GAIN)
        group[:, tested] = np.where(accepted, gains.argmax(0), group[:, tested])
        tested = tested[accepted.any(0)]
        if not len(tested):
            break
        corrected = _swapped(residuals.of_people(tested), _sources(group[:, tested]))
        gains, _ = _gains(corrected, model)

    def count(*numbers: int) -> tuple[int, int]:
        decidable = is_decidable[numbers[0]]
        return int((np.isin(group, numbers) & decidable).sum()), int(decidable.sum())

    return Swaps(_sources(group), {'arms': count(0), 'legs': count(1, 2)}, count(3))


def _gains(residuals: Residuals, model: ErrorModel) -> tuple[np.ndarray, np.ndarray]:
    """Log likelihood ratios of swapping each group, and their expected values for a true swap.

    Returns:
        (4, V, N) and (4, V, N).
    """
    position, variance, decidable = _points_of_other_views(residuals, model)
    size = np.maximum(residuals.size_px, 1e-9)[..., None, None]
    observed = residuals.offset_px / size  # both relative to the projected point
    left_to_right = _left_to_right(residuals, size)
    decidable_pair = decidable[..., LEFT] & decidable[..., RIGHT]
    tau2 = np.maximum((variance[..., LEFT] + variance[..., RIGHT]) / 2, MIN_STD**2)
    left, right = observed[..., LEFT, :], observed[..., RIGHT, :]
    other_left, other_right = position[..., LEFT, :], position[..., RIGHT, :]

    def cost(gap: np.ndarray) -> np.ndarray:
        return np.minimum((gap**2).sum(-1) / tau2, MAX_PAIR_GAIN)

    # Positions are relative to the projection of the joint itself; left_to_right converts from
    # the projected left joint to the right one.
    as_is = cost(left - other_left) + cost(right - other_right)
    swapped = cost(left - left_to_right - other_right) + cost(right + left_to_right - other_left)
    between = left_to_right + other_right - other_left
    gain = np.where(decidable_pair, (as_is - swapped) / 2, 0.0)
    expected_gain = np.where(decidable_pair, cost(between), 0.0)
    in_group = np.array([[pair in group for pair in PAIRS] for group in GROUPS.values()], float)
    by_group = [np.stack([(v * row).sum(-1) for row in in_group]) for v in (gain, expected_gain)]
    return by_group[0], by_group[1]


def _is_decidable(expected_gains: np.ndarray) -> np.ndarray:
    """(4, V, N) bool: a swap is distinguishable from no swap, and a limb swap from a whole one."""
    *_, whole = expected_gains
    rest = whole - expected_gains[:-1]  # of the pairs outside the group
    others = np.concatenate([rest, rest.min(0, keepdims=True)])
    return np.minimum(expected_gains, others) >= MIN_EXPECTED_GAIN


def _swapped(residuals: Residuals, source: np.ndarray) -> Residuals:
    """The residuals if each joint has the pixel of joint ``source`` (V, N, 17)."""
    pixel = residuals.projected_px + residuals.offset_px
    pixel = np.take_along_axis(pixel, source[..., None], axis=2)
    found = np.take_along_axis(residuals.found, source, axis=2)
    offset = np.where(found[..., None], pixel - residuals.projected_px, 0.0)
    return dataclasses.replace(residuals, offset_px=offset, found=found)


def _sources(group: np.ndarray) -> np.ndarray:
    """(V, N, 17) source joints, see :class:`Swaps`, from (V, N) group indices; -1 is no swap."""
    source = np.broadcast_to(np.arange(17), (*group.shape, 17)).copy()
    for number, pairs in enumerate(GROUPS.values()):
        joints = COCO17.index(*(f'{side}_{pair}' for side in ('left', 'right') for pair in pairs))
        view, person = np.nonzero(group == number)
        source[view[:, None], person[:, None], joints] = np.array(COCO17.flip_order)[joints]
    return source


def _points_of_other_views(
    residuals: Residuals, model: ErrorModel
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Triangulate each joint of each view from the other views.

    Returns:
        (V, N, 17, 2) pixel relative to the projected point, in sizes; (V, N, 17) variance along an
        image axis of its distance to the detected joint; (V, N, 17) bool, enough other views
        agree. Nothing depends on the pixel of the view itself.
    """
    # Two views are not enough: with cameras of equal height, left and right wrists may match.
    needed = min(3, len(residuals.found) - 1)
    position = np.zeros_like(residuals.offset_px)
    variance, decidable = np.full(residuals.found.shape, np.inf), np.zeros_like(residuals.found)
    for view, jacobian in enumerate(residuals.jacobian):
        found = residuals.found.copy()
        found[view] = False
        others = dataclasses.replace(residuals, found=found)
        outlier = np.full(found.shape, INITIAL_OUTLIER_PROB)
        for _ in range(ROUNDS):
            posterior = expectation(others, model, outlier)
            outlier = posterior.outlier
        size = np.maximum(residuals.size_px[view], 1e-9)[:, None]
        position[view] = (jacobian @ posterior.step_mm[..., None])[..., 0] / size[..., None]
        point_variance = (
            np.einsum('njai,njik,njak->nj', jacobian, posterior.covariance, jacobian) / 2
        )
        variance[view] = point_variance / size**2 + model.std**2
        decidable[view] = residuals.found[view] & (((outlier < 0.5) & found).sum(0) >= needed)
    return position, variance, decidable


def _left_to_right(residuals: Residuals, size: np.ndarray) -> np.ndarray:
    """(V, N, 8, 2) vector from the projected left joint to the right one, in sizes."""
    return (residuals.projected_px[..., RIGHT, :] - residuals.projected_px[..., LEFT, :]) / size
