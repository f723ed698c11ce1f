"""The figures of an evaluation without ground truth, and their definitions."""

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
    """Reprojection error of predicted people to the 2D detections matched with them.

    Args:
        due: Number of visible person-camera pairs: at least half of the person's known joints are
            inside the camera's image.
        matched: Number of these pairs that are matched with a 2D detection.
        median_px: Median over joints of the reprojection error in pixels.
        p90_px: 90th percentile of it.
        median_share: Median of the error divided by the diagonal of the detection's bounding box.
        p90_share: 90th percentile of it.
    """

    due: int
    matched: int
    median_px: float
    p90_px: float
    median_share: float
    p90_share: float

    @classmethod
    def of(cls, due: np.ndarray, error_px: np.ndarray, box_px: np.ndarray) -> Reprojection:
        """From N person-camera pairs: visible (N,), joint errors (N, J) and box diagonals (N,)."""
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
        frames: Number of frames.
        people: Number of predicted people, over all frames.
        false_positives: Those who are visible to a camera and matched with no detection.
        out_of_view: Those who are visible to no camera and matched with no detection.
        seen_by_two: People whom two cameras or more detect, by cross-view association of the
            detections.
        missed: Those of them none of whose detections is matched with a prediction.
        cameras: Reprojection by camera.
        reprojection: Reprojection over all cameras.
        left_out: Reprojection in cameras that the predictions were made without.
        groups: Reprojection over all cameras by group of joints (body, feet, hands, face, and
            ankles and wrists to compare feet and hands with); empty where there is but the body.
        left_out_groups: The same in cameras that the predictions were made without.
        segment_spread: Median and 90th percentile, over tracks and segments, of the variation of
            the length of segments of ``feet`` and ``hands``, as of limbs.
        tracks: Number of tracks of at least 5 frames.
        limb_spread: Median over tracks and limbs of the variation of a limb's length: half the
            distance between the 16th and 84th percentile, divided by the median.
        limb_spread_p90: 90th percentile over tracks and limbs.
        limbs: Median variation by limb.
        side_difference: Median of the difference between the lengths of a left limb and the right
            one, divided by their mean.
        side_difference_p90: 90th percentile.
        head_above_hips: Share of people whose head is higher than their hips.
        jitter_mm: Median acceleration of a joint (its second difference), mm per frame squared.
        jitter_mm_p90: 90th percentile.
        frame_rate: Frames per second, if known.
        step: Median difference between the numbers of consecutive frames.
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
    groups: dict[str, Reprojection]
    left_out_groups: dict[str, Reprojection]
    segment_spread: dict[str, tuple[float, float]]
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
        """``jitter_mm`` in m/s^2; NaN if the frame rate is unknown."""
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
    """Median and 90th percentile of the finite values."""
    known = values[np.isfinite(values)]
    if not len(known):
        return float('nan'), float('nan')
    median, p90 = np.percentile(known, [50, 90])
    return float(median), float(p90)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float('nan')
