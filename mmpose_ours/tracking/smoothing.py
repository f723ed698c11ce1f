"""Smoothing of 3D poses: the One-Euro filter on every joint of every track.

After Casiez, Roussel and Vogel, "1 Euro Filter: A Simple Speed-based Low-pass Filter for Noisy
Input in Interactive Systems", CHI 2012: a first-order low-pass filter whose cutoff frequency
increases with the speed. A joint at rest is smoothed strongly, and a moving joint lags little. The
speed is the norm of the joint's 3D velocity, so the result does not depend on the axes.

A low-pass of cutoff f lags 1 / (2 pi f) seconds behind steady motion, and f is at least
``min_cutoff_hz + speed / (2 pi max_lag_mm)``. The lag is thus below ``1 / (2 pi min_cutoff_hz)``
seconds, and below ``max_lag_mm`` at any speed.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from mmpose_ours.errors import InputError
from mmpose_ours.tracking.tracks import check_increasing

# Cutoff frequency of a joint at rest, largest lag of a moving joint, and cutoff frequency of the
# low-pass filter of the velocity.
MIN_CUTOFF_HZ = 1.5
MAX_LAG_MM = 15.0
SPEED_CUTOFF_HZ = 1.0


class PoseSmoother:
    """Smooths frame by frame; its state is the previous frame.

    A missing joint stays missing, and the filter of a joint restarts after a gap.

    Args:
        fps: Frame numbers per second.
        min_cutoff_hz: Cutoff frequency at rest; a lower value smooths more.
        max_lag_mm: Upper bound of the lag of a moving joint; a lower value smooths less. The
            paper's beta is ``1 / (2 pi max_lag_mm)``.
        speed_cutoff_hz: Cutoff frequency of the low-pass filter of the velocity.
        frame_step: Difference between the numbers of consecutive frames; a larger difference is
            a gap.

    Raises:
        InputError: One of these is not above 0.
    """

    def __init__(
        self,
        fps: float,
        min_cutoff_hz: float = MIN_CUTOFF_HZ,
        max_lag_mm: float = MAX_LAG_MM,
        speed_cutoff_hz: float = SPEED_CUTOFF_HZ,
        frame_step: float = 1,
    ) -> None:
        if not min(fps, min_cutoff_hz, max_lag_mm, speed_cutoff_hz, frame_step) > 0:
            raise InputError(
                f'fps {fps}, min_cutoff_hz {min_cutoff_hz}, max_lag_mm {max_lag_mm}, '
                f'speed_cutoff_hz {speed_cutoff_hz}, frame_step {frame_step}: expected numbers '
                'above 0',
                code='out-of-range',
                found=(fps, min_cutoff_hz, max_lag_mm, speed_cutoff_hz, frame_step),
            )
        self.fps, self.frame_step = fps, frame_step
        self.min_cutoff_hz, self.speed_cutoff_hz = min_cutoff_hz, speed_cutoff_hz
        self.hz_per_mm_s = 1 / (2 * math.pi * max_lag_mm)
        self._last: dict[int, _Smoothed] = {}
        self._frame: float | None = None

    def __call__(
        self, poses: np.ndarray, ids: np.ndarray, frame: float | None = None
    ) -> np.ndarray:
        """Smooth the poses of the next frame.

        Args:
            poses: (P, J, 3) mm; NaN where a joint is missing.
            ids: (P,) track IDs, unique within the frame.
            frame: The frame number, greater than that of the previous call. None: the previous
                number plus ``frame_step``.

        Returns:
            (P, J, 3) mm, NaN where ``poses`` are.

        Raises:
            InputError: The frame number does not increase.
        """
        if frame is None:
            frame = 0.0 if self._frame is None else self._frame + self.frame_step
        check_increasing(frame, self._frame)
        elapsed = math.inf if self._frame is None else frame - self._frame
        # Half a step of tolerance for frame numbers that are not quite evenly spaced.
        previous = self._last if elapsed < 1.5 * self.frame_step else {}
        self._frame = frame
        self._last = {
            track_id: self._next(previous.get(track_id), pose, elapsed / self.fps)
            for track_id, pose in zip(ids.tolist(), np.asarray(poses, dtype=np.float64))
        }
        return np.array([self._last[n].pose for n in ids.tolist()]).reshape(poses.shape)

    def _next(self, last: _Smoothed | None, pose: np.ndarray, seconds: float) -> _Smoothed:
        if last is None:
            return _Smoothed(pose, np.zeros_like(pose))
        new = ~np.isfinite(last.pose).all(-1, keepdims=True)  # missing in the previous frame
        velocity = np.where(new, 0.0, (pose - last.pose) / seconds)
        velocity = np.nan_to_num(velocity)
        weight = _weight(np.array(self.speed_cutoff_hz), seconds)
        velocity = np.where(new, 0.0, last.velocity + weight * (velocity - last.velocity))
        speed = np.linalg.norm(velocity, axis=-1, keepdims=True)
        weight = _weight(self.min_cutoff_hz + self.hz_per_mm_s * speed, seconds)
        return _Smoothed(np.where(new, pose, last.pose + weight * (pose - last.pose)), velocity)


@dataclasses.dataclass(frozen=True, eq=False)
class _Smoothed:
    """The filter state of a track: (J, 3) smoothed pose, mm, and smoothed velocity, mm/s."""

    pose: np.ndarray
    velocity: np.ndarray


def _weight(cutoff_hz: np.ndarray, seconds: float) -> np.ndarray:
    """Weight of a new sample in a first-order low-pass filter: 1 / (1 + tau / dt)."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff_hz * seconds))
