"""The trajectory of one person by least squares over all frames of the track.

The cost of joints x of all frames, for bone lengths L of the person:

    sum  w / s^2 * rho(distance of x from each ray)          evidence, Geman-McClure
    +    |x[t-1] - 2 x[t] + x[t+1]|^2 / a^2                  acceleration, a local and per joint
    +    (|x_first - x_second| - L)^2 / (spread * L)^2       bones

It is minimised by Gauss-Newton steps with reweighting; each is a banded system per component
(:mod:`.banded_solver`), over windows that overlap. Lengths L are measured between the steps, and
noise s and acceleration a are measured on the track as well.
"""

from __future__ import annotations

import dataclasses
from typing import Iterator, Sequence

import numpy as np
from scipy.ndimage import uniform_filter1d

from mmpose_ours.temporal.banded_solver import Spring, solve_component
from mmpose_ours.temporal.bone_lengths import measure_lengths
from mmpose_ours.temporal.bones import Anatomy
from mmpose_ours.temporal.evidence import Evidence

# Frames of a window, and frames on each side that are solved with it and not kept.
WINDOW, OVERLAP = 2000, 60
# Seconds. Joints that are unknown for longer are not filled.
MAX_GAP_S = 1.0
# Local acceleration: measured over so many seconds on each side, counted so many times, and at most
# so many times that at rest.
LOCAL_S, GAIN, MOST = 0.1, 3.0, 20.0
# Noise of a person's rays is measured where there are so many, and lies within these shares of
# what is usual.
NOISE_COUNT, NOISE_RANGE = 100, (0.15, 3.0)


@dataclasses.dataclass(frozen=True)
class _Step:
    """One Gauss-Newton step.

    Args:
        scale_stds: Scale of the Geman-McClure weights.
        loose: Factor on the acceleration at rest.
        spread: Least spread of bones; None leaves bones out.
    """

    scale_stds: float
    loose: float
    spread: float | None


_STEPS = (
    _Step(10.0, 3.0, None),
    _Step(6.0, 2.0, None),
    _Step(5.0, 1.5, 0.04),
    _Step(4.0, 1.0, 0.03),
    _Step(4.0, 1.0, 0.01),
    _Step(4.0, 1.0, 0.003),
    _Step(4.0, 1.0, 0.0),
    _Step(4.0, 1.0, 0.0),
)


@dataclasses.dataclass(frozen=True, eq=False)
class Trajectory:
    """A piece of a person's track, T consecutive frames.

    Args:
        start: Index of the first frame.
        xyz_mm: (T, J, 3) mm; NaN where a joint is not known.
        std_mm: (T, J) standard deviation along an axis.
        filled: (T, J) joints that the frame itself does not show.
        views: (T,) number of views with a matched detection.
    """

    start: int
    xyz_mm: np.ndarray
    std_mm: np.ndarray
    filled: np.ndarray
    views: np.ndarray

    def __len__(self) -> int:
        return len(self.xyz_mm)


def solve_trajectory(
    pieces: Sequence[Evidence], anatomy: Anatomy, rate_hz: float, max_gap_s: float = MAX_GAP_S
) -> tuple[list[Trajectory], np.ndarray]:
    """Estimate the trajectory of one person.

    Args:
        pieces: What is known of the person, in the order of time; between the pieces nothing.
        anatomy: Bones and motion of the skeleton.
        rate_hz: Frames per second.
        max_gap_s: Joints that are unknown for longer are missing there.

    Returns:
        A trajectory for each piece, and the lengths (G,) of the bones in mm, NaN if unknown.
    """
    never = [~np.isfinite(piece.points).all(-1).any(0) for piece in pieces]
    tracks = [_interpolated(piece.points) for piece in pieces]
    std_mm = anatomy.ray_std_mm
    lengths = np.full(anatomy.groups, np.nan)
    rest = anatomy.acceleration_m_s2 * 1000 / rate_hz**2
    stds: list[np.ndarray] = []
    for number, step in enumerate(_STEPS):
        last = number == len(_STEPS) - 1
        measured = [e.measured(x, std_mm) for e, x in zip(pieces, tracks)]
        if step.spread is not None and step.spread > 0:
            std_mm = _measured_noise(pieces, tracks, anatomy)
            lengths = measure_lengths(tracks, measured, anatomy, rate_hz)
        for index, (evidence, xyz) in enumerate(zip(pieces, tracks)):
            acceleration = _local_acceleration(xyz, measured[index], rest * step.loose, rate_hz)
            solved = np.empty_like(xyz)
            std = np.zeros(xyz.shape[:2])
            for window, kept in _windows(len(xyz)):
                inside = slice(kept.start - window.start, kept.stop - window.start)
                part = evidence.part(window)
                new, new_std = _solve_window(
                    part, anatomy, xyz[window], acceleration[window], lengths, std_mm, step,
                    rate_hz, last,
                )  # fmt: skip
                solved[kept], std[kept] = new[inside], new_std[inside]
            tracks[index] = solved
            stds = [*stds, std] if last else stds
    return [
        _finished(piece, xyz, std, std_mm, rate_hz, max_gap_s, absent)
        for piece, xyz, std, absent in zip(pieces, tracks, stds, never)
    ], lengths


def _solve_window(
    evidence: Evidence,
    anatomy: Anatomy,
    xyz: np.ndarray,
    acceleration: np.ndarray,
    lengths: np.ndarray,
    std_mm: np.ndarray,
    step: _Step,
    rate_hz: float,
    want_std: bool,
) -> tuple[np.ndarray, np.ndarray]:
    A, b = evidence.normal_equations(xyz, std_mm, step.scale_stds, rate_hz)
    new, std = np.empty_like(xyz), np.zeros(xyz.shape[:2])
    for joints in anatomy.components:
        rows = list(joints)
        springs = _springs(anatomy, rows, xyz, lengths, step)
        solved, of_joints = solve_component(
            A[:, rows], b[:, rows], acceleration[:, rows] ** -2, springs, xyz[:, rows], want_std
        )
        new[:, rows] = solved
        if of_joints is not None:
            std[:, rows] = of_joints
    return new, std


def _springs(
    anatomy: Anatomy, rows: list[int], xyz: np.ndarray, lengths: np.ndarray, step: _Step
) -> list[Spring]:
    springs = []
    for bone in anatomy.bones if step.spread is not None else ():
        length = lengths[bone.group]
        if bone.first not in rows or not np.isfinite(length):
            continue
        first, second = sorted((bone.first, bone.second), key=rows.index)
        away = xyz[:, second] - xyz[:, first]
        away = away / np.maximum(np.linalg.norm(away, axis=-1, keepdims=True), 1e-6)
        spread_mm = max(bone.spread, step.spread or 0.0) * length
        places = rows.index(first), rows.index(second)
        springs.append(Spring(*places, away, float(length), spread_mm**-2))
    return springs


def _windows(frames: int) -> Iterator[tuple[slice, slice]]:
    """Windows that are solved, and the frames of each that are kept."""
    for start in range(0, frames, WINDOW):
        stop = min(frames, start + WINDOW)
        # A short rest belongs to the window before it.
        if start and stop - start < OVERLAP:
            return
        if frames - stop < OVERLAP:
            stop = frames
        yield slice(max(0, start - OVERLAP), min(frames, stop + OVERLAP)), slice(start, stop)


def _interpolated(points: np.ndarray) -> np.ndarray:
    """(T, J, 3) without missing joints: between known frames linearly, before and after constant.

    A joint that is never known is put at the mean of the others.
    """
    known = np.isfinite(points).all(-1)
    times = np.arange(len(points))
    result = np.empty_like(points, dtype=np.float64)
    for joint in range(points.shape[1]):
        rows = np.flatnonzero(known[:, joint])
        for axis in range(3):
            values = points[rows, joint, axis]
            result[:, joint, axis] = np.interp(times, rows, values) if len(rows) else np.nan
    if np.isnan(result).any():
        middle = np.nanmean(result, axis=1, keepdims=True)
        result = np.where(np.isnan(result), np.nan_to_num(middle), result)
    return result


def _local_acceleration(
    xyz: np.ndarray, measured: np.ndarray, rest: np.ndarray, rate_hz: float
) -> np.ndarray:
    """(T, J) standard deviation of the acceleration along an axis, mm per frame squared.

    Where a joint is not measured (T, J), it is what is usual of it where it is.
    """
    squared = np.zeros(xyz.shape[:2])
    if len(xyz) > 2:
        second = xyz[:-2] - 2 * xyz[1:-1] + xyz[2:]
        squared[1:-1] = (second**2).mean(-1)
        squared[0], squared[-1] = squared[1], squared[-2]
    size = 2 * round(LOCAL_S * rate_hz) + 1
    local = uniform_filter1d(np.where(measured, squared, 0.0), size, axis=0, mode='nearest')
    share = uniform_filter1d(measured.astype(float), size, axis=0, mode='nearest')
    known = share > 0.5
    local = np.where(known, local / np.maximum(share, 0.5), 0.0)
    for joint in range(xyz.shape[1]):
        of_joint = local[known[:, joint], joint]
        local[~known[:, joint], joint] = np.median(of_joint) if len(of_joint) else 0.0
    return np.clip(GAIN * np.sqrt(np.maximum(local, 0.0)), rest, MOST * rest)


def _measured_noise(
    pieces: Sequence[Evidence], tracks: Sequence[np.ndarray], anatomy: Anatomy
) -> np.ndarray:
    """(J,) standard deviation across rays in mm, by the median residual of each joint."""
    usual = anatomy.ray_std_mm
    ratios: list[list[np.ndarray]] = [[] for _ in usual]
    for evidence, xyz in zip(pieces, tracks):
        squared = evidence.squared_distances(xyz) / usual**2
        # One ray says nothing: its joint lies where it passes.
        counted = (evidence.weights > 0) & ((evidence.weights > 0).sum(1) >= 2)[:, None]
        for joint in range(len(usual)):
            ratios[joint].append(squared[..., joint][counted[..., joint]])
    # A squared residual of two dimensions has the median 2 ln 2.
    of_joints = [np.concatenate([*parts, np.zeros(0)]) for parts in ratios]
    everything = np.concatenate(of_joints)
    if len(everything) < NOISE_COUNT:
        return usual
    scales = np.empty(len(usual))
    for joint, values in enumerate(of_joints):
        values = values if len(values) >= NOISE_COUNT else everything
        scales[joint] = np.sqrt(np.median(values) / (2 * np.log(2)))
    return usual * np.clip(scales, *NOISE_RANGE)


def _finished(
    evidence: Evidence,
    xyz: np.ndarray,
    std: np.ndarray,
    std_mm: np.ndarray,
    rate_hz: float,
    max_gap_s: float,
    never: np.ndarray,
) -> Trajectory:
    known = evidence.known(xyz, std_mm)
    valid = _bridged(known, round(max_gap_s * rate_hz)) & ~never
    return Trajectory(
        evidence.start,
        np.where(valid[..., None], xyz, np.nan),
        np.where(valid, std, np.nan),
        valid & ~np.isfinite(evidence.points).all(-1),
        (evidence.weights > 0).any(-1).sum(1),
    )


def _bridged(known: np.ndarray, longest: int) -> np.ndarray:
    """(T, J) ``known`` with gaps of at most ``longest`` frames closed."""
    result = known.copy()
    for joint in range(known.shape[1]):
        rows = np.flatnonzero(known[:, joint])
        for before, after in zip(rows, rows[1:]):
            if 1 < after - before <= longest + 1:
                result[before + 1 : after, joint] = True
    return result
