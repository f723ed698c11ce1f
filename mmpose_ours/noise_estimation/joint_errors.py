"""Distribution of a detector's joint errors, from the residuals of triangulation.

A joint in V views has 2V measurements and three unknowns; the residuals contain the errors. The
error model is that of :class:`~mmpose_ours.synthetic.DetectorNoise`: a normal distribution with one
standard deviation per joint, in sizes of the person in the image, or a wider one for outliers. It
is fitted by variational expectation-maximisation. The 3D point has a flat prior and is integrated
out, which corrects for the part of the errors that the triangulated point absorbs (as restricted
maximum likelihood does, Patterson and Thompson 1971). Each joint of each view has a probability of
being an outlier.

An error that is common to all views is not observable: it moves the triangulated point.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17
from mmpose_ours.synthetic.detector_noise import error_factor
from mmpose_ours.synthetic.joint_noise import JointNoise

ITERATIONS = 25
# Step of the numerical derivative of the projection.
STEP_MM = 1.0
# Initial probability of each joint of being an outlier.
INITIAL_OUTLIER_PROB = 0.1
# A joint's errors are used if at least so many views have it.
MIN_VIEWS = 3
# A bias is significant above so many standard errors.
MIN_BIAS_Z = 4.0
# Values of score_error that are tried.
_SCORE_ERRORS = np.arange(0.0, 0.81, 0.02)


@dataclasses.dataclass(frozen=True, eq=False)
class ErrorModel:
    """Parameters of the joint errors; lengths are in sizes of the person in the image.

    Args:
        std: (J,) standard deviation of a joint along each image axis.
        bias: (J, 2) offset right and down.
        skeleton: The J joints.
        outlier_share: Probability of an outlier.
        outlier_spread: Standard deviation of an outlier's additional error along each image axis.
        score_error: See :class:`~mmpose_ours.synthetic.DetectorNoise`.
    """

    std: np.ndarray
    bias: np.ndarray
    skeleton: Skeleton = COCO17
    outlier_share: float = 0.03
    outlier_spread: float = 0.12
    score_error: float = 0.0

    @classmethod
    def initial(cls, skeleton: Skeleton = COCO17) -> ErrorModel:
        """Initial values of the fit."""
        sigmas = JointNoise.of(skeleton).sigmas.astype(float)
        return cls(0.25 * sigmas, np.zeros((len(skeleton), 2)), skeleton)

    @property
    def jitter(self) -> np.ndarray:
        """(J,) standard deviations in units of COCO's sigma times half the size."""
        return self.std / (0.5 * JointNoise.of(self.skeleton).sigmas)


@dataclasses.dataclass(frozen=True, eq=False)
class Residuals:
    """Reprojection residuals of detected joints, linearised at 3D points.

    Args:
        projected_px: (V, N, J, 2) pixels of the projected points.
        offset_px: (V, N, J, 2) detected pixel minus projected pixel.
        jacobian: (V, N, J, 2, 3) derivative of the projected pixel, in pixels per mm.
        size_px: (V, N) sizes of the people in the images.
        found: (V, N, J) bool, joints that are detected; other values are undefined elsewhere.
        z: (V, N, J) scores in standard deviations above their mean.
    """

    projected_px: np.ndarray
    offset_px: np.ndarray
    jacobian: np.ndarray
    size_px: np.ndarray
    found: np.ndarray
    z: np.ndarray

    @classmethod
    def of(
        cls,
        rig: CameraRig,
        xyz_w: np.ndarray,
        keypoints: np.ndarray,
        size_px: np.ndarray,
        found: np.ndarray,
        z: np.ndarray,
    ) -> Residuals:
        """Linearise at points (N, J, 3) in mm; keypoints (V, N, J, 3)."""
        points = xyz_w + STEP_MM * np.concatenate([np.zeros((1, 3)), np.eye(3)])[:, None, None]
        uv = rig.project(points)[0]
        jacobian = np.moveaxis(uv[:, 1:] - uv[:, :1], 1, -1) / STEP_MM
        known = found & np.isfinite(uv).all((1, -1)) & (size_px > 0)[..., None]
        offset = np.where(known[..., None], keypoints[..., :2] - uv[:, 0], 0.0)
        jacobian = np.where(known[..., None, None], jacobian, 0.0)
        return cls(uv[:, 0], offset, jacobian, size_px, known, z)

    def of_people(self, which: np.ndarray) -> Residuals:
        """Select people by (M,) indices."""
        arrays = (getattr(self, field.name) for field in dataclasses.fields(self))
        return Residuals(*(values[:, which] for values in arrays))


@dataclasses.dataclass(frozen=True, eq=False)
class Posterior:
    """Posterior distribution of the 3D points, the errors and the outliers.

    Args:
        step_mm: (N, J, 3) mean of the point minus the point of linearisation.
        outlier: (V, N, J) probability that the joint is an outlier in the view.
        square: (V, N, J, 2) expected squared error, in squared sizes.
        mean: (V, N, J, 2) expected error, in sizes.
        covariance: (N, J, 3, 3) of the point, in squared mm.
    """

    step_mm: np.ndarray
    outlier: np.ndarray
    square: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray


def expectation(residuals: Residuals, model: ErrorModel, outlier: np.ndarray) -> Posterior:
    """E-step: update the points from the outlier probabilities, then these from the points.

    Args:
        residuals: V views of N people.
        model: Error model.
        outlier: (V, N, J) outlier probabilities.
    """
    size = np.maximum(residuals.size_px, 1e-9)[..., None]
    core = (model.std * error_factor(model.score_error, residuals.z)) ** 2
    wide = model.std**2 + model.outlier_spread**2
    precision = np.where(residuals.found, (1 - outlier) / core + outlier / wide, 0.0) / size**2
    offset = residuals.offset_px - model.bias * size[..., None]
    # Per point a weighted least squares problem with two rows for each view: (N, J, 2V, 3).
    rows = _views_last(residuals.jacobian)
    weighted = rows * _views_last(np.repeat(precision[..., None, None], 2, -2))
    normal = weighted.swapaxes(-1, -2) @ rows
    known = np.linalg.det(normal) > 1e-30
    covariance = np.linalg.inv(np.where(known[..., None, None], normal, np.eye(3)))
    rhs = weighted.swapaxes(-1, -2) @ _views_last(offset[..., None])
    step = np.where(known[..., None], (covariance @ rhs)[..., 0], 0.0)
    absorbed = _views_first(rows @ step[..., None], offset.shape)
    point_variance = _views_first(((rows @ covariance) * rows).sum(-1), offset.shape)
    mean = (offset - absorbed) / size[..., None]
    square = mean**2 + point_variance / size[..., None] ** 2
    total = square.sum(-1)
    prior = np.clip(model.outlier_share, 1e-4, 0.5)
    odds = np.log(prior / (1 - prior)) - np.log(wide / core) + total * (1 / core - 1 / wide) / 2
    outlier = np.where(residuals.found, 1 / (1 + np.exp(-np.clip(odds, -50, 50))), 0.0)
    return Posterior(step, outlier, square, mean, covariance)


def _views_last(values: np.ndarray) -> np.ndarray:
    """(V, N, J, 2, C) as (N, J, 2V, C)."""
    moved = np.moveaxis(values, 0, 2)
    return moved.reshape(*moved.shape[:2], -1, moved.shape[-1])


def _views_first(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(N, J, 2V, ...) as (V, N, J, 2)."""
    views, people, joints, _ = shape
    return np.moveaxis(values.reshape(people, joints, views, 2), 2, 0)


def fit_errors(
    residuals: Residuals, model: ErrorModel | None = None
) -> tuple[ErrorModel, Posterior]:
    """Fit the error model to joints that at least MIN_VIEWS views have.

    Args:
        residuals: V views of N people, linearised near their points.
        model: Initial model; None means :meth:`ErrorModel.initial`.

    Returns:
        The fitted model, and the posterior under it.
    """
    model = ErrorModel.initial() if model is None else model
    used = residuals.found & (residuals.found.sum(0) >= MIN_VIEWS)
    outlier = np.full(residuals.found.shape, INITIAL_OUTLIER_PROB)
    for iteration in range(ITERATIONS):
        posterior = expectation(residuals, model, outlier)
        outlier = posterior.outlier
        if used.any():
            model = _maximisation(model, residuals, posterior, used, iteration)
    return model, posterior


def _maximisation(
    model: ErrorModel, residuals: Residuals, posterior: Posterior, used: np.ndarray, iteration: int
) -> ErrorModel:
    """M-step: the most likely model given the posterior."""
    late = iteration > ITERATIONS // 4  # bias and score_error need rough values of the others
    core = np.where(used, 1 - posterior.outlier, 0.0)
    total = posterior.square.sum(-1)
    factor = error_factor(model.score_error, residuals.z) ** 2
    count, amount = core.sum((0, 1)), (core * total / factor).sum((0, 1))
    # Left and right joints share one standard deviation.
    count, amount = (a + a[model.skeleton.flip_order] for a in (count, amount))
    std = np.sqrt(np.where(count > 20, amount / np.maximum(2 * count, 1), model.std**2))
    std = np.maximum(std, 1e-4)
    wide = np.where(used, posterior.outlier, 0.0)
    outliers = wide.sum()
    square = (wide * (total / 2 - std**2)).sum() / max(outliers, 1e-9)
    outlier_spread = np.sqrt(max(square, (3 * std.mean()) ** 2)) if outliers > 5 else 0.12
    changes: dict[str, Any] = dict(
        std=std,
        outlier_share=float(outliers / used.sum()),
        outlier_spread=float(min(outlier_spread, 0.5)),
    )
    if late:
        changes['bias'] = model.bias + _significant_bias_change(model, posterior.mean, core, std)
    if late and iteration % 4 == 0:
        changes['score_error'] = _score_error(residuals.z, total / std**2, core)
    return dataclasses.replace(model, **changes)


def _significant_bias_change(
    model: ErrorModel, mean: np.ndarray, core: np.ndarray, std: np.ndarray
) -> np.ndarray:
    """(J, 2) change of the bias; a bias that is not significant becomes 0.

    Only the horizontal bias is fitted: a joint that all cameras see too low is also triangulated
    too low, so that a vertical bias is not observable.
    """
    count = np.maximum(core.sum((0, 1)), 1)
    change = (core * mean[..., 0]).sum((0, 1)) / count
    significant = np.abs(model.bias[:, 0] + change) > MIN_BIAS_Z * std / np.sqrt(count)
    right = np.where(significant, change, -model.bias[:, 0])
    return np.stack([right, np.zeros_like(right)], -1)


def _score_error(z: np.ndarray, square: np.ndarray, core: np.ndarray) -> float:
    """The most likely ``score_error``, from squared errors in squared standard deviations."""
    if np.ptp(z) == 0:
        return 0.0
    inlier = core > 0.5
    z, square = z[inlier], square[inlier]
    factors = (error_factor(c, z) ** 2 for c in _SCORE_ERRORS)
    return float(_SCORE_ERRORS[np.argmin([(np.log(f) + square / f / 2).mean() for f in factors])])
