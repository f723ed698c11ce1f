"""What figures without truth are, and how they are reported."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

_LOGGED = (
    'people_per_frame', 'false_positives_per_frame', 'out_of_view_per_frame', 'missed_per_frame',
    'missed_share', 'limb_spread', 'limb_spread_p90', 'side_difference', 'side_difference_p90',
    'head_above_hips', 'jitter_mm', 'jitter_mm_p90', 'jitter_m_s2',
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Reprojection:
    """How well predicted people cover the 2D keypoints that are matched with them.

    Args:
        due: Sightings to expect: people times cameras that have half their joints in the image.
        matched: Those of them for which the camera has a 2D person.
        median_px: Median distance of a joint from the detected one, in pixels.
        p90_px: 90th percentile.
        median_share: Median of the distance divided by the diagonal of the 2D person's box.
        p90_share: 90th percentile.
    """

    due: int
    matched: int
    median_px: float
    p90_px: float
    median_share: float
    p90_share: float

    @classmethod
    def of(cls, due: np.ndarray, error_px: np.ndarray, box_px: np.ndarray) -> Reprojection:
        """From (N,) sightings: whether they are due, joint errors (N, J) and boxes (N,)."""
        known = np.isfinite(error_px)
        matched = due & known.any(-1)
        return cls(
            int(due.sum()),
            int(matched.sum()),
            *percentiles(error_px[known]),
            *percentiles((error_px / box_px[:, None])[known]),
        )


@dataclasses.dataclass(frozen=True)
class UnlabelledResult:
    """Figures of one recording; NaN where nothing could be measured.

    Args:
        frames: Frames looked at.
        people: Predicted people.
        false_positives: Those whom no camera supports and at least one should see.
        out_of_view: Those whom no camera supports and none should see.
        seen_by_two: People whom two cameras or more see in 2D, by geometry.
        missed: Those of them who support nobody in 3D.
        cameras: Reprojection by camera.
        reprojection: Reprojection over all cameras.
        left_out: Reprojection in cameras that the predictions were made without.
        tracks: People linked over time, of at least 5 frames.
        limb_spread: Median over tracks and limbs of how much a limb's length varies, as a share.
        limb_spread_p90: 90th percentile over tracks and limbs.
        limbs: Median spread by limb.
        side_difference: Median difference of left and right limbs, as a share.
        side_difference_p90: 90th percentile.
        head_above_hips: Share of people whose head is higher than their hips.
        jitter_mm: Median second difference of a joint, mm per frame squared.
        jitter_mm_p90: 90th percentile.
        frame_rate: Frames per second, if known.
        step: Usual distance between the numbers of two frames.
    """

    frames: int
    people: int
    false_positives: int
    out_of_view: int
    seen_by_two: int
    missed: int
    cameras: dict[str, Reprojection]
    reprojection: Reprojection
    left_out: Reprojection | None
    tracks: int
    limb_spread: float
    limb_spread_p90: float
    limbs: dict[str, float]
    side_difference: float
    side_difference_p90: float
    head_above_hips: float
    jitter_mm: float
    jitter_mm_p90: float
    frame_rate: float | None
    step: float

    @property
    def jitter_m_s2(self) -> float:
        """Median jitter as an acceleration in m/s^2; NaN where the frame rate is unknown."""
        if self.frame_rate is None:
            return float('nan')
        return self.jitter_mm / 1000 * (self.frame_rate / self.step) ** 2

    def summary(self) -> dict[str, Any]:
        """Everything as plain numbers and dictionaries; NaN where undefined."""
        frames = max(self.frames, 1)
        return {
            **dataclasses.asdict(self),
            'people_per_frame': self.people / frames,
            'false_positives_per_frame': self.false_positives / frames,
            'out_of_view_per_frame': self.out_of_view / frames,
            'missed_per_frame': self.missed / frames,
            'missed_share': _share(self.missed, self.seen_by_two),
            'jitter_m_s2': self.jitter_m_s2,
        }

    def figures(self) -> dict[str, float]:
        """The figures that could be measured, as a flat dictionary for a log."""
        summary = self.summary()
        figures = {name: summary[name] for name in _LOGGED}
        for prefix, part in (('reprojection', self.reprojection), ('left_out', self.left_out)):
            if part is not None:
                figures[f'{prefix}_px'] = part.median_px
                figures[f'{prefix}_px_p90'] = part.p90_px
                figures[f'{prefix}_share'] = part.median_share
                figures[f'{prefix}_share_p90'] = part.p90_share
        return {name: float(value) for name, value in figures.items() if np.isfinite(value)}


def percentiles(values: np.ndarray) -> tuple[float, float]:
    """Median and 90th percentile of what is known."""
    known = values[np.isfinite(values)]
    if not len(known):
        return float('nan'), float('nan')
    median, p90 = np.percentile(known, [50, 90])
    return float(median), float(p90)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float('nan')
