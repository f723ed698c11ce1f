"""Lens models: how a ray bends on its way into the image.

A lens maps ``(x/z, y/z)`` of the camera frame to distorted normalised coordinates, which
``K`` turns into pixels. Each is one entry of :data:`LENSES`; its coefficients have one
order, that of the library which defined it:

========================== =======================================================
opencv                     k1 k2 p1 p2 [k3 [k4 k5 k6 [s1 s2 s3 s4 [tx ty]]]]
                           (OpenCV ``projectPoints``)
fisheye                    k1 k2 k3 k4 (OpenCV ``fisheye``, Kalibr ``equidistant``)
fov                        omega (Devernay and Faugeras 2001; COLMAP ``FOV``)
division                   k (Fitzgibbon 2001; COLMAP ``DIVISION``)
eucm                       alpha beta (Khomutenko et al. 2016; COLMAP ``EUCM``)
thin_prism_fisheye         k1 k2 p1 p2 k3 k4 sx1 sy1 (COLMAP ``THIN_PRISM_FISHEYE``)
rad_tan_thin_prism_fisheye k0 .. k5 p0 p1 s0 .. s3 (COLMAP, Project Aria)
========================== =======================================================

This module knows neither pixels nor cameras (see :mod:`mmpose_ours.geometry.camera`).
"""

from __future__ import annotations

import dataclasses
from typing import Any, Callable

import numpy as np

NEWTON_STEPS = 30
# Coefficients below this bend no ray, but overflow where something is divided by them.
NO_BEND = 1e-150
# Of the normalised plane: a hundred-thousandth of a pixel of any lens.
CONVERGED = 1e-10
# Of the normalised plane: a ray that bends to farther from its pixel than this is not its ray.
MISSED = 1e-6


@dataclasses.dataclass(frozen=True)
class Lens:
    """One lens model.

    Args:
        lengths: How many coefficients may be given; the last is the full form.
        angular: Whether it bends the angle to the axis (a fisheye) or its tangent.
        bend: ``(plane (..., 2), full coefficients) -> (..., 2)``, where the plane is
            ``(x/z, y/z)``, of an angular lens scaled to the angle's length.
        radial: Numerator and denominator, ascending in the squared radius of the plane, of
            the factor that the radius is scaled by; None where it never folds back.
    """

    lengths: tuple[int, ...]
    angular: bool
    bend: Callable[[np.ndarray, np.ndarray], np.ndarray]
    radial: Callable[[np.ndarray], tuple[list, list]] | None


def _opencv(plane: np.ndarray, dist: np.ndarray) -> np.ndarray:
    k1, k2, p1, p2, k3, k4, k5, k6, s1, s2, s3, s4, tx, ty = dist
    x, y = plane[..., 0], plane[..., 1]
    r2 = x * x + y * y
    radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
    # Most lenses have but five coefficients.
    if dist[5:8].any():
        radial /= 1 + r2 * (k4 + r2 * (k5 + r2 * k6))
    bent = plane * radial[..., None]
    if dist[2:4].any():
        cross = 2 * x * y
        bent[..., 0] += p1 * cross + p2 * (r2 + 2 * x * x)
        bent[..., 1] += p1 * (r2 + 2 * y * y) + p2 * cross
    if dist[8:12].any():
        bent[..., 0] += r2 * (s1 + r2 * s2)
        bent[..., 1] += r2 * (s3 + r2 * s4)
    if not dist[12:].any():
        return bent
    tilt = _tilt(tx, ty)
    tilted = bent @ tilt[:, :2].T + tilt[:, 2]
    return tilted[..., :2] / tilted[..., 2:]


def _tilt(tx: float, ty: float) -> np.ndarray:
    """(3, 3) homography of a sensor tilted by tx about x and ty about y (Louhichi 2007)."""
    about_x = np.array([[1, 0, 0], [0, np.cos(tx), np.sin(tx)], [0, -np.sin(tx), np.cos(tx)]])
    about_y = np.array([[np.cos(ty), 0, -np.sin(ty)], [0, 1, 0], [np.sin(ty), 0, np.cos(ty)]])
    R = about_y @ about_x
    onto_sensor = np.array([[R[2, 2], 0, -R[0, 2]], [0, R[2, 2], -R[1, 2]], [0, 0, 1]])
    return onto_sensor @ R


def _fisheye(plane: np.ndarray, dist: np.ndarray) -> np.ndarray:
    return plane * _polynomial((plane * plane).sum(-1), dist)[..., None]


def _fov(plane: np.ndarray, dist: np.ndarray) -> np.ndarray:
    (omega,) = dist
    if abs(omega) < 1e-8:
        return plane
    radius = np.sqrt((plane * plane).sum(-1))
    bent = np.arctan(2 * radius * np.tan(omega / 2)) / omega
    at_the_axis = 2 * np.tan(omega / 2) / omega
    with np.errstate(invalid='ignore', divide='ignore'):
        scale = np.where(radius > 1e-9, bent / radius, at_the_axis)
    return plane * scale[..., None]


def _division(plane: np.ndarray, dist: np.ndarray) -> np.ndarray:
    with np.errstate(invalid='ignore'):
        root = np.sqrt(1 - 4 * dist[0] * (plane * plane).sum(-1))
    return plane * (2 / (1 + root))[..., None]


def _eucm(plane: np.ndarray, dist: np.ndarray) -> np.ndarray:
    alpha, beta = dist
    length = np.sqrt(beta * (plane * plane).sum(-1) + 1)
    return plane / (alpha * length + 1 - alpha)[..., None]


def _thin_prism_fisheye(plane: np.ndarray, dist: np.ndarray) -> np.ndarray:
    k1, k2, p1, p2, k3, k4, sx1, sy1 = dist
    r2 = (plane * plane).sum(-1)
    bent = plane * _polynomial(r2, (k1, k2, k3, k4))[..., None]
    return bent + _tangential(plane, p1, p2) + r2[..., None] * np.array([sx1, sy1])


def _rad_tan_thin_prism_fisheye(plane: np.ndarray, dist: np.ndarray) -> np.ndarray:
    p0, p1, s0, s1, s2, s3 = dist[6:]
    bent = plane * _polynomial((plane * plane).sum(-1), dist[:6])[..., None]
    r2 = (bent * bent).sum(-1)
    prism = np.stack([r2 * (s0 + r2 * s1), r2 * (s2 + r2 * s3)], axis=-1)
    return bent + _tangential(bent, p1, p0) + prism


def _polynomial(r2: np.ndarray, coefficients: Any) -> np.ndarray:
    """1 + c1 r2 + c2 r2^2 + ..."""
    return np.polynomial.polynomial.polyval(r2, [1.0, *coefficients])


def _tangential(plane: np.ndarray, p1: float, p2: float) -> np.ndarray:
    x, y = plane[..., 0], plane[..., 1]
    r2, cross = x * x + y * y, 2 * x * y
    return np.stack(
        [p1 * cross + p2 * (r2 + 2 * x * x), p1 * (r2 + 2 * y * y) + p2 * cross], axis=-1
    )


LENSES: dict[str, Lens] = {
    'opencv': Lens(
        (0, 4, 5, 8, 12, 14),
        False,
        _opencv,
        lambda d: ([1, d[0], d[1], d[4]], [1, d[5], d[6], d[7]]),
    ),
    'fisheye': Lens((4,), True, _fisheye, lambda d: ([1, *d], [1])),
    'fov': Lens((1,), False, _fov, None),
    'division': Lens((1,), False, _division, None),
    'eucm': Lens((2,), False, _eucm, None),
    'thin_prism_fisheye': Lens(
        (8,), True, _thin_prism_fisheye, lambda d: ([1, d[0], d[1], d[4], d[5]], [1])
    ),
    'rad_tan_thin_prism_fisheye': Lens(
        (12,), True, _rad_tan_thin_prism_fisheye, lambda d: ([1, *d[:6]], [1])
    ),
}


def distort(lens: str, dist: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Bend rays as a lens does.

    Args:
        lens: A key of :data:`LENSES`.
        dist: Its coefficients in full; of C cameras with OpenCV's lens and no tilted sensor
            (14, C, 1).
        xy: Rays ``(x/z, y/z)`` before the camera, (..., 2); of C cameras (C, M, 2).

    Returns:
        Distorted normalised coordinates, (..., 2).
    """
    model = LENSES[lens]
    return model.bend(_onto_angle(xy) if model.angular else xy, dist)


def undistort(lens: str, dist: np.ndarray, bent: np.ndarray, limit2: Any = None) -> np.ndarray:
    """Invert :func:`distort`.

    Args:
        lens: A key of :data:`LENSES`.
        dist: Its coefficients in full, as :func:`distort` takes them.
        bent: Distorted normalised coordinates, (..., 2), of C cameras (C, M, 2).
        limit2: What :func:`max_radius2` says of the lens, where that is known already.

    Returns:
        Rays ``(x/z, y/z)``, (..., 2); NaN where no ray before the camera and inside the lens
        model's range ends there.
    """
    model = LENSES[lens]
    limit2 = max_radius2(lens, dist) if limit2 is None else limit2
    if lens == 'opencv':
        each = _opencv_inverses if dist.ndim > 1 else _opencv_inverse
        return each(bent, dist, limit2)
    plane = _newton(lambda p: model.bend(p, dist), bent)
    xy = _from_angle(plane) if model.angular else plane
    return np.where(_within(xy, limit2)[..., None], xy, np.nan)


def max_radius2(lens: str, dist: np.ndarray) -> float:
    """Squared ``(x/z, y/z)`` radius beyond which the model folds back.

    A polynomial is fitted inside the image only. Past the first extremum of
    ``r * radial(r)`` it maps points that no ray reaches back into the image; those are
    not visible.
    """
    model = LENSES[lens]
    if model.radial is None:
        return np.inf
    numerator, denominator = model.radial(np.where(np.abs(dist) < NO_BEND, 0.0, dist))
    if any(denominator[1:]):
        roots = _fold_roots(numerator, denominator)
    else:
        # Most lenses: d/dr of r*N(s) is N + 2s*N', without the cost of polynomial objects.
        factors = [c + 2 * (power * c) for power, c in enumerate(numerator)]
        roots = np.polynomial.polynomial.polyroots(factors)
    positive = roots.real[(np.abs(roots.imag) < 1e-9) & (roots.real > 0)]
    first = float(positive.min()) if positive.size else np.inf
    if not model.angular:
        return first
    angle = np.sqrt(first)
    return float(np.tan(angle) ** 2) if angle < np.pi / 2 else np.inf


def _fold_roots(numerator: list, denominator: list) -> np.ndarray:
    """Where r*N(s)/D(s), s = r^2, has an extremum or a pole."""
    n, d = np.polynomial.Polynomial(numerator), np.polynomial.Polynomial(denominator)
    s = np.polynomial.Polynomial([0, 1])
    # d/dr of r*N(s)/D(s) is (N*D + 2s(N'D - N D')) / D^2
    slope = n * d + 2 * s * (n.deriv() * d - n * d.deriv())
    return np.concatenate([slope.roots(), d.roots()])


def _onto_angle(xy: np.ndarray) -> np.ndarray:
    """Scale rays from the tangent of their angle to the angle itself."""
    radius = np.sqrt((xy * xy).sum(-1))
    with np.errstate(invalid='ignore', divide='ignore'):
        scale = np.where(radius > 1e-9, np.arctan(radius) / radius, 1.0)
    return xy * scale[..., None]


def _from_angle(plane: np.ndarray) -> np.ndarray:
    angle = np.sqrt((plane * plane).sum(-1))
    with np.errstate(invalid='ignore', divide='ignore'):
        scale = np.where(angle > 1e-9, np.tan(angle) / angle, 1.0)
        scale = np.where(angle < np.pi / 2, scale, np.nan)
    return plane * scale[..., None]


def _opencv_inverses(bent: np.ndarray, dist: np.ndarray, limit2: np.ndarray) -> np.ndarray:
    """:func:`_opencv_inverse` of C cameras; bent (C, M, 2), dist (14, C, 1), limit2 (C, 1)."""
    plane = bent.copy()
    for row in np.flatnonzero(dist.any((0, 2))):
        plane[row] = _opencv_iteration(bent[row], dist[:, row, 0])
    for row in np.flatnonzero(~_reaches(plane, bent, dist, limit2).all(1)):
        plane[row] = _opencv_inverse(bent[row], dist[:, row, 0], float(limit2[row, 0]))
    return plane


def _opencv_iteration(bent: np.ndarray, dist: np.ndarray) -> np.ndarray:
    """OpenCV's own iteration on (N, 2), compiled and fast."""
    import cv2

    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 100, 1e-12)
    flat = np.ascontiguousarray(bent.reshape(-1, 1, 2))
    # OpenCV 5 gave the criteria to undistortPoints and dropped the other name.
    inverse: Any = getattr(cv2, 'undistortPointsIter', cv2.undistortPoints)
    return inverse(flat, np.eye(3), dist, R=None, P=None, criteria=criteria).reshape(-1, 2)


def _opencv_inverse(bent: np.ndarray, dist: np.ndarray, limit2: float) -> np.ndarray:
    """OpenCV's iteration, and Newton's steps where it fails.

    The iteration diverges in the outer part of strong lenses, and where no ray ends at a
    pixel it ends somewhere all the same; distorting its rays again tells.
    """
    flat = bent.reshape(-1, 2)
    plane = _opencv_iteration(flat, dist)
    reached = _reaches(plane, flat, dist, limit2)
    if not reached.all():
        again = ~reached & np.isfinite(flat).all(-1)
        plane[again] = _newton(lambda p: _opencv(p, dist), flat[again])
        reached[again] = _reaches(plane[again], flat[again], dist, limit2)
        plane[~reached] = np.nan
    return plane.reshape(bent.shape)


def _reaches(plane: np.ndarray, target: np.ndarray, dist: np.ndarray, limit2: Any) -> np.ndarray:
    """(...) whether rays (..., 2) of the plane inside the lens's range end at their targets."""
    with np.errstate(all='ignore'):
        off = _opencv(plane, dist) - target
        return (np.abs(off).max(-1) <= MISSED) & _within(plane, limit2)


def _within(xy: np.ndarray, limit2: Any) -> np.ndarray:
    x, y = xy[..., 0], xy[..., 1]
    with np.errstate(invalid='ignore', over='ignore'):
        return x * x + y * y <= limit2


def _newton(bend: Callable[[np.ndarray], np.ndarray], target: np.ndarray) -> np.ndarray:
    """Solve ``bend(plane) = target`` from ``plane = target``; NaN where it fails."""
    with np.errstate(all='ignore'):
        return _newton_steps(bend, target)


def _newton_steps(bend: Callable[[np.ndarray], np.ndarray], target: np.ndarray) -> np.ndarray:
    step = 1e-6
    flat = target.reshape(-1, 2)
    plane = flat.copy()
    for _ in range(NEWTON_STEPS):
        residual = bend(plane) - flat
        if not (np.abs(residual) > CONVERGED / 10).any():
            break
        columns = [
            (bend(plane + offset) - bend(plane - offset)) / (2 * step)
            for offset in (np.array([step, 0.0]), np.array([0.0, step]))
        ]
        (a, c), (b, d) = (column.T for column in columns)
        determinant = a * d - b * c
        determinant = np.where(np.abs(determinant) < 1e-12, np.nan, determinant)
        u, v = residual.T
        delta = np.stack([d * u - b * v, a * v - c * u], axis=-1) / determinant[:, None]
        # A step longer than half the plane is a leap over a fold, not a correction.
        length = np.linalg.norm(delta, axis=-1, keepdims=True)
        plane = plane - delta * np.minimum(1.0, 0.5 / np.maximum(length, 1e-12))
    lost = ~(np.abs(bend(plane) - flat).max(-1) < MISSED)
    return np.where(lost[:, None], np.nan, plane).reshape(target.shape)
