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
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.synthetic.joint_noise import LIMB_SWAPS, JointNoise

# Joints that are swapped together; a number G of groups.
GROUPS = (*LIMB_SWAPS, 'whole')
# Fractions of the limb swaps of DetectorNoise, which draws its three kinds with equal probability.
FRACTION_OF_SWAPS = {'arms': 1 / 3, 'legs': 2 / 3}
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
        source: (V, N, J) for each joint the index of the joint whose pixel is its true one.
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
        corrected = _swapped(
            residuals.of_people(tested), _sources(group[:, tested], model.skeleton)
        )
        gains, _ = _gains(corrected, model)

    def count(*names: str) -> tuple[int, int]:
        numbers = [GROUPS.index(name) for name in names]
        decidable = is_decidable[numbers[0]]
        return int((np.isin(group, numbers) & decidable).sum()), int(decidable.sum())

    limbs = {'arms': count('arms'), 'legs': count('legs', 'legs and hips')}
    return Swaps(_sources(group, model.skeleton), limbs, count('whole'))


def _orders(skeleton: Skeleton) -> np.ndarray:
    """(G, J) for each group, the joint whose pixel each joint has after its swap."""
    noise = JointNoise.of(skeleton)
    return np.concatenate([noise.limb_swaps, noise.whole_swap[None]])


def _left_and_right(skeleton: Skeleton) -> tuple[np.ndarray, np.ndarray]:
    """(P,) and (P,) left joints and their right ones, the joints that a swap moves."""
    turned = np.array(skeleton.flip_order)
    left = np.flatnonzero(np.arange(len(turned)) < turned)
    return left, turned[left]


def _gains(residuals: Residuals, model: ErrorModel) -> tuple[np.ndarray, np.ndarray]:
    """Log likelihood ratios of swapping each group, and their expected values for a true swap.

    Returns:
        (G, V, N) and (G, V, N).
    """
    position, variance, decidable = _points_of_other_views(residuals, model)
    size = np.maximum(residuals.size_px, 1e-9)[..., None, None]
    observed = residuals.offset_px / size  # both relative to the projected point
    left_of, right_of = _left_and_right(model.skeleton)
    projected = residuals.projected_px / size
    left_to_right = projected[..., right_of, :] - projected[..., left_of, :]
    decidable_pair = decidable[..., left_of] & decidable[..., right_of]
    tau2 = np.maximum((variance[..., left_of] + variance[..., right_of]) / 2, MIN_STD**2)
    left, right = observed[..., left_of, :], observed[..., right_of, :]
    other_left, other_right = position[..., left_of, :], position[..., right_of, :]

    def cost(gap: np.ndarray) -> np.ndarray:
        return np.minimum((gap**2).sum(-1) / tau2, MAX_PAIR_GAIN)

    # Positions are relative to the projection of the joint itself; left_to_right converts from
    # the projected left joint to the right one.
    as_is = cost(left - other_left) + cost(right - other_right)
    swapped = cost(left - left_to_right - other_right) + cost(right + left_to_right - other_left)
    between = left_to_right + other_right - other_left
    gain = np.where(decidable_pair, (as_is - swapped) / 2, 0.0)
    expected_gain = np.where(decidable_pair, cost(between), 0.0)
    in_group = (_orders(model.skeleton)[:, left_of] != left_of).astype(float)
    by_group = [np.stack([(v * row).sum(-1) for row in in_group]) for v in (gain, expected_gain)]
    return by_group[0], by_group[1]


def _is_decidable(expected_gains: np.ndarray) -> np.ndarray:
    """(G, V, N) bool: a swap is distinguishable from no swap, and a limb swap from a whole one."""
    *_, whole = expected_gains
    rest = whole - expected_gains[:-1]  # of the pairs outside the group
    others = np.concatenate([rest, rest.min(0, keepdims=True)])
    return np.minimum(expected_gains, others) >= MIN_EXPECTED_GAIN


def _swapped(residuals: Residuals, source: np.ndarray) -> Residuals:
    """The residuals if each joint has the pixel of joint ``source`` (V, N, J)."""
    pixel = residuals.projected_px + residuals.offset_px
    pixel = np.take_along_axis(pixel, source[..., None], axis=2)
    found = np.take_along_axis(residuals.found, source, axis=2)
    offset = np.where(found[..., None], pixel - residuals.projected_px, 0.0)
    return dataclasses.replace(residuals, offset_px=offset, found=found)


def _sources(group: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """(V, N, J) source joints, see :class:`Swaps`, from (V, N) group indices; -1 is no swap."""
    return np.concatenate([_orders(skeleton), [np.arange(len(skeleton))]])[group]


def _points_of_other_views(
    residuals: Residuals, model: ErrorModel
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Triangulate each joint of each view from the other views.

    Returns:
        (V, N, J, 2) pixel relative to the projected point, in sizes; (V, N, J) variance along an
        image axis of its distance to the detected joint; (V, N, J) bool, enough other views
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
