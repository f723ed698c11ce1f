"""How far a detector's joints are off, from views that agree on where they should be.

A joint that V views see has 2V pixels and three unknowns: what is left over tells the errors.
The model is that of :class:`~mmpose_ours.synthetic.DetectorNoise`: an error is normal, with a
spread per joint in sizes of the body, or wider where the joint is an outlier. It is fitted by
variational expectation-maximisation: the point in 3D is unknown with a flat prior, so that what
the point takes up of the errors is given back (as in restricted maximum likelihood, Patterson
and Thompson 1971), and each view has a probability of being an outlier there.

Errors that all views share are not seen, because the point in 3D goes with them.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic.detector_noise import COCO_SIGMAS, error_factor

COCO17 = SKELETONS['coco17']
ITERATIONS = 25
STEP_MM = 1.0
# The probability of each joint to be an outlier, before anything is known.
START_OUTLIER = 0.1
# So many views must see a joint before its errors tell anything.
MIN_VIEWS = 3
# A bias is believed where it is so many times its standard error.
BELIEVED_AT = 4.0
_SCORE_ERRORS = np.arange(0.0, 0.81, 0.02)


@dataclasses.dataclass(frozen=True, eq=False)
class ErrorModel:
    """What joints' errors look like, in sizes of the body.

    Args:
        spread: (17,) one standard deviation along each axis.
        outlier_share: Of joints.
        outlier_spread: One standard deviation along each axis.
        bias: (17, 2) right and down.
        score_error: See :class:`~mmpose_ours.synthetic.DetectorNoise`.
    """

    spread: np.ndarray
    outlier_share: float = 0.03
    outlier_spread: float = 0.12
    bias: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros((17, 2)))
    score_error: float = 0.0

    @classmethod
    def usual(cls) -> ErrorModel:
        """Where the fit starts from."""
        return cls(0.25 * COCO_SIGMAS.astype(float))

    @property
    def jitter(self) -> np.ndarray:
        """(17,) the spread in units of COCO's annotation spread."""
        return self.spread / (0.5 * COCO_SIGMAS)


@dataclasses.dataclass(frozen=True, eq=False)
class Rays:
    """Pixels of joints around where the points in 3D would have them.

    Args:
        projected_px: (V, N, 17, 2) where the points are in the images.
        offset_px: (V, N, 17, 2) found pixel minus projected one.
        slope: (V, N, 17, 2, 3) change of the projected pixel per mm of the point.
        size_px: (V, N) sizes of bodies.
        found: (V, N, 17) bool; elsewhere the rest means nothing.
        z: (V, N, 17) scores in spreads above their mean.
    """

    projected_px: np.ndarray
    offset_px: np.ndarray
    slope: np.ndarray
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
    ) -> Rays:
        """Linearise at points (N, 17, 3) in mm; keypoints (V, N, 17, 3)."""
        places = xyz_w + STEP_MM * np.concatenate([np.zeros((1, 3)), np.eye(3)])[:, None, None]
        uv = rig.project(places)[0]
        slope = np.moveaxis(uv[:, 1:] - uv[:, :1], 1, -1) / STEP_MM
        known = found & np.isfinite(uv).all((1, -1)) & (size_px > 0)[..., None]
        offset = np.where(known[..., None], keypoints[..., :2] - uv[:, 0], 0.0)
        slope = np.where(known[..., None, None], slope, 0.0)
        return cls(uv[:, 0], offset, slope, size_px, known, z)

    def of_people(self, which: np.ndarray) -> Rays:
        """The same of fewer people, by number."""
        every = (getattr(self, field.name) for field in dataclasses.fields(self))
        return Rays(*(values[:, which] for values in every))


@dataclasses.dataclass(frozen=True, eq=False)
class Agreement:
    """Where the views agree a point is, and who does not.

    Args:
        step_mm: (N, 17, 3) from where the rays were linearised.
        outlier: (V, N, 17) probability that a view's joint is an outlier there.
        square: (V, N, 17, 2) expected squared errors in sizes of the body.
        mean: (V, N, 17, 2) expected errors.
        covariance: (N, 17, 3, 3) doubt in the point, in squared mm.
    """

    step_mm: np.ndarray
    outlier: np.ndarray
    square: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray


def agree(rays: Rays, model: ErrorModel, outlier: np.ndarray) -> Agreement:
    """One round of guessing points and outliers, each from the other.

    Args:
        rays: V views of N people.
        model: What errors look like.
        outlier: (V, N, 17) probabilities to start from.
    """
    size = np.maximum(rays.size_px, 1e-9)[..., None]
    core = (model.spread * error_factor(model.score_error, rays.z)) ** 2
    wide = model.spread**2 + model.outlier_spread**2
    precision = np.where(rays.found, (1 - outlier) / core + outlier / wide, 0.0) / size**2
    offset = rays.offset_px - model.bias * size[..., None]
    # Per point the rows of a least squares problem, two for each view: (N, 17, 2V, 3).
    rows = _views_last(rays.slope)
    weighed = rows * _views_last(np.repeat(precision[..., None, None], 2, -2))
    normal = weighed.swapaxes(-1, -2) @ rows
    known = np.linalg.det(normal) > 1e-30
    covariance = np.linalg.inv(np.where(known[..., None, None], normal, np.eye(3)))
    pull = weighed.swapaxes(-1, -2) @ _views_last(offset[..., None])
    step = np.where(known[..., None], (covariance @ pull)[..., 0], 0.0)
    taken = _views_first(rows @ step[..., None], offset.shape)
    doubt = _views_first(((rows @ covariance) * rows).sum(-1), offset.shape)
    mean = (offset - taken) / size[..., None]
    square = mean**2 + doubt / size[..., None] ** 2
    total = square.sum(-1)
    share = np.clip(model.outlier_share, 1e-4, 0.5)
    odds = np.log(share / (1 - share)) - np.log(wide / core) + total * (1 / core - 1 / wide) / 2
    outlier = np.where(rays.found, 1 / (1 + np.exp(-np.clip(odds, -50, 50))), 0.0)
    return Agreement(step, outlier, square, mean, covariance)


def _views_last(values: np.ndarray) -> np.ndarray:
    """(V, N, 17, 2, C) as (N, 17, 2V, C)."""
    moved = np.moveaxis(values, 0, 2)
    return moved.reshape(*moved.shape[:2], -1, moved.shape[-1])


def _views_first(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(N, 17, 2V, ...) as (V, N, 17, 2)."""
    views, people, joints, _ = shape
    return np.moveaxis(values.reshape(people, joints, views, 2), 2, 0)


def fit_errors(rays: Rays, model: ErrorModel | None = None) -> tuple[ErrorModel, Agreement]:
    """Fit the model of errors to people whom three views or more see.

    Args:
        rays: V views of N people, linearised near their points.
        model: Where to start.

    Returns:
        The model, and where the views agree under it.
    """
    model = ErrorModel.usual() if model is None else model
    judged = rays.found & (rays.found.sum(0) >= MIN_VIEWS)
    outlier = np.full(rays.found.shape, START_OUTLIER)
    for iteration in range(ITERATIONS):
        agreement = agree(rays, model, outlier)
        outlier = agreement.outlier
        if judged.any():
            model = _improved(model, rays, agreement, judged, iteration)
    return model, agreement


def _improved(
    model: ErrorModel, rays: Rays, agreement: Agreement, judged: np.ndarray, iteration: int
) -> ErrorModel:
    """The model that makes what is expected of the errors most likely."""
    slow = iteration > ITERATIONS // 4  # what needs the rest to be roughly right
    core = np.where(judged, 1 - agreement.outlier, 0.0)
    total = agreement.square.sum(-1)
    factor = error_factor(model.score_error, rays.z) ** 2
    count, amount = core.sum((0, 1)), (core * total / factor).sum((0, 1))
    # A side has as much to say of the joint as the other.
    count, amount = (a + a[COCO17.flip_order] for a in (count, amount))
    spread = np.sqrt(np.where(count > 20, amount / np.maximum(2 * count, 1), model.spread**2))
    spread = np.maximum(spread, 1e-4)
    wide = np.where(judged, agreement.outlier, 0.0)
    outliers = wide.sum()
    square = (wide * (total / 2 - spread**2)).sum() / max(outliers, 1e-9)
    outlier_spread = np.sqrt(max(square, (3 * spread.mean()) ** 2)) if outliers > 5 else 0.12
    changes = dict(
        spread=spread,
        outlier_share=float(outliers / judged.sum()),
        outlier_spread=float(min(outlier_spread, 0.5)),
    )
    if slow:
        changes['bias'] = model.bias + _believed(model, agreement.mean, core, spread)
    if slow and iteration % 4 == 0:
        changes['score_error'] = _score_error(rays.z, total / spread**2, core)
    return dataclasses.replace(model, **changes)


def _believed(
    model: ErrorModel, mean: np.ndarray, core: np.ndarray, spread: np.ndarray
) -> np.ndarray:
    """(17, 2) by how much to change the bias: nothing that may be chance.

    A joint that all cameras see too low is too low in 3D as well: they cannot tell, so that no
    bias downwards is fitted.
    """
    count = np.maximum(core.sum((0, 1)), 1)
    change = (core * mean[..., 0]).sum((0, 1)) / count
    significant = np.abs(model.bias[:, 0] + change) > BELIEVED_AT * spread / np.sqrt(count)
    right = np.where(significant, change, -model.bias[:, 0])
    return np.stack([right, np.zeros(17)], -1)


def _score_error(z: np.ndarray, square: np.ndarray, core: np.ndarray) -> float:
    """The relation of score to error that makes squared errors (in spreads) most likely."""
    if np.ptp(z) == 0:
        return 0.0
    used = core > 0.5
    z, square = z[used], square[used]
    factors = (error_factor(c, z) ** 2 for c in _SCORE_ERRORS)
    return float(_SCORE_ERRORS[np.argmin([(np.log(f) + square / f / 2).mean() for f in factors])])
