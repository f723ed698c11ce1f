"""Less jitter, hardly any delay: the One-Euro filter on every joint of every person.

After Casiez, Roussel and Vogel, "1 Euro Filter: A Simple Speed-based Low-pass Filter for Noisy
Input in Interactive Systems", CHI 2012: a low-pass whose cutoff rises with the speed, so that
what rests is calm and what moves is not held back. The speed is that of the joint in 3D, so the
result does not depend on where the axes point.

A low-pass of cutoff f lags 1 / (2 pi f) seconds behind steady motion, and f is at least
``min_cutoff_hz + speed / (2 pi max_lag_mm)``. The lag is thus below ``1 / (2 pi min_cutoff_hz)``
seconds, and below ``max_lag_mm`` at any speed.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from mmpose_ours.errors import InputError

MIN_CUTOFF_HZ = 1.5
MAX_LAG_MM = 15.0
SPEED_CUTOFF_HZ = 1.0


class PoseSmoother:
    """Smooths frame by frame; its memory is one frame.

    A joint that is missing stays missing, and what comes after a gap begins anew.

    Args:
        fps: Frame numbers per second.
        min_cutoff_hz: Cutoff at rest; lower means calmer.
        max_lag_mm: How far a moving joint is held back at most; lower means livelier. The
            paper's beta is ``1 / (2 pi max_lag_mm)``.
        speed_cutoff_hz: Cutoff of the speed itself.
        step: Frame numbers from one frame to the next; farther apart is a gap.

    Raises:
        InputError: One of these is not above 0.
    """

    def __init__(
        self,
        fps: float,
        min_cutoff_hz: float = MIN_CUTOFF_HZ,
        max_lag_mm: float = MAX_LAG_MM,
        speed_cutoff_hz: float = SPEED_CUTOFF_HZ,
        step: float = 1,
    ) -> None:
        if not min(fps, min_cutoff_hz, max_lag_mm, speed_cutoff_hz, step) > 0:
            raise InputError(
                f'fps {fps}, min_cutoff_hz {min_cutoff_hz}, max_lag_mm {max_lag_mm}, '
                f'speed_cutoff_hz {speed_cutoff_hz}, step {step}: expected numbers above 0',
                code='out-of-range',
                found=(fps, min_cutoff_hz, max_lag_mm, speed_cutoff_hz, step),
            )
        self.fps, self.step = fps, step
        self.min_cutoff_hz, self.speed_cutoff_hz = min_cutoff_hz, speed_cutoff_hz
        self.hz_per_mm_s = 1 / (2 * math.pi * max_lag_mm)
        self._last: dict[int, _Smoothed] = {}
        self._frame: float | None = None

    def __call__(
        self, poses: np.ndarray, ids: np.ndarray, frame: float | None = None
    ) -> np.ndarray:
        """Smooth the people of the next frame.

        Args:
            poses: (P, J, 3) mm; NaN where a joint is missing.
            ids: (P,) who they are, each once.
            frame: Its number, greater than the one before. None: one step after it.

        Returns:
            (P, J, 3), missing where ``poses`` are.

        Raises:
            InputError: The frame is not after the one before.
        """
        if frame is None:
            frame = 0.0 if self._frame is None else self._frame + self.step
        if self._frame is not None and frame <= self._frame:
            raise InputError(
                f'frame {frame} comes after {self._frame}; give frames in their order',
                code='out-of-range',
                found=frame,
                expected=self._frame,
            )
        elapsed = math.inf if self._frame is None else frame - self._frame
        # Half a step is for frame numbers that are not quite even.
        before = self._last if elapsed < 1.5 * self.step else {}
        self._frame = frame
        self._last = {
            number: self._next(before.get(number), pose, elapsed / self.fps)
            for number, pose in zip(ids.tolist(), np.asarray(poses, dtype=np.float64))
        }
        return np.array([self._last[n].pose for n in ids.tolist()]).reshape(poses.shape)

    def _next(self, last: _Smoothed | None, pose: np.ndarray, seconds: float) -> _Smoothed:
        if last is None:
            return _Smoothed(pose, np.zeros_like(pose))
        new = ~np.isfinite(last.pose).all(-1, keepdims=True)  # missing before, or begins
        velocity = np.where(new, 0.0, (pose - last.pose) / seconds)
        velocity = np.nan_to_num(velocity)
        share = _share(np.array(self.speed_cutoff_hz), seconds)
        velocity = np.where(new, 0.0, last.velocity + share * (velocity - last.velocity))
        speed = np.linalg.norm(velocity, axis=-1, keepdims=True)
        share = _share(self.min_cutoff_hz + self.hz_per_mm_s * speed, seconds)
        return _Smoothed(np.where(new, pose, last.pose + share * (pose - last.pose)), velocity)


@dataclasses.dataclass(frozen=True, eq=False)
class _Smoothed:
    """A person of the last frame: (J, 3) smoothed, mm, and smoothed velocity, mm/s."""

    pose: np.ndarray
    velocity: np.ndarray


def _share(cutoff_hz: np.ndarray, seconds: float) -> np.ndarray:
    """How much of what is new enters a low-pass of first order."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff_hz * seconds))
