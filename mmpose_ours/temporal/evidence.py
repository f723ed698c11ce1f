"""What is known of one person over consecutive frames: rays of 2D keypoints, and 3D poses."""

from __future__ import annotations

import dataclasses

import numpy as np

# Standard deviation of a joint of a 3D pose whose file gives none, mm.
UNKNOWN_STD_MM = 25.0
# Detector errors of neighbouring frames are alike: evidence of so many frames at 30 per second
# counts as that of one.
CORRELATED_S = 0.1
# Weight of the pose of a single frame beside the rays that it comes from. What it knows besides is
# the body prior, which errs the same way in every frame.
POSE_WEIGHT = 0.03


@dataclasses.dataclass(frozen=True, eq=False)
class Evidence:
    """Of one person, T consecutive frames.

    Args:
        start: Index of the first frame.
        points: (T, J, 3) mm, the joints of single frames; NaN where missing.
        point_std_mm: (T, J) their standard deviation; NaN where unknown.
        origins: (V, 3) mm, the cameras; V is 0 where there are no 2D keypoints.
        directions: (T, V, J, 3) unit vectors of the rays.
        weights: (T, V, J) scores of the 2D keypoints, 0 where there is none.
    """

    start: int
    points: np.ndarray
    point_std_mm: np.ndarray
    origins: np.ndarray
    directions: np.ndarray
    weights: np.ndarray

    @classmethod
    def of_points(
        cls, start: int, points: np.ndarray, point_std_mm: np.ndarray | None = None
    ) -> Evidence:
        """Of 3D poses alone."""
        frames, joints = points.shape[:2]
        std = np.full((frames, joints), np.nan) if point_std_mm is None else point_std_mm
        nothing = np.zeros((frames, 0, joints))
        return cls(start, points, std, np.zeros((0, 3)), np.zeros((*nothing.shape, 3)), nothing)

    def __len__(self) -> int:
        return len(self.points)

    def part(self, rows: slice) -> Evidence:
        """Some of the frames."""
        return Evidence(
            self.start + rows.start,
            self.points[rows],
            self.point_std_mm[rows],
            self.origins,
            self.directions[rows],
            self.weights[rows],
        )

    def squared_distances(self, xyz_mm: np.ndarray) -> np.ndarray:
        """(T, V, J) squared distances of the rays from joints (T, J, 3), mm^2; inf behind."""
        away = xyz_mm[:, None] - self.origins[None, :, None]
        along = np.einsum('tvji,tvji->tvj', away, self.directions)
        squared = np.einsum('tvji,tvji->tvj', away, away) - along * along
        return np.where(along > 0, np.maximum(squared, 0.0), np.inf)

    def agreeing(self, xyz_mm: np.ndarray, std_mm: np.ndarray) -> np.ndarray:
        """(T, V, J) which rays pass within three standard deviations (J,) of their joint."""
        return (self.weights > 0) & (self.squared_distances(xyz_mm) < 9 * std_mm**2)

    def known(self, xyz_mm: np.ndarray, std_mm: np.ndarray) -> np.ndarray:
        """(T, J) where a joint of the frame is known: from its pose, or from two rays."""
        posed = np.isfinite(self.points).all(-1)
        return posed | (self.agreeing(xyz_mm, std_mm).sum(1) >= 2)

    def measured(self, xyz_mm: np.ndarray, std_mm: np.ndarray) -> np.ndarray:
        """(T, J) where a joint of the frame is measured, and not only known by a body prior."""
        if not self.weights.shape[1]:
            return np.asarray(np.isfinite(self.points).all(-1))
        return self.agreeing(xyz_mm, std_mm).sum(1) >= 2

    def normal_equations(
        self, at: np.ndarray, std_mm: np.ndarray, scale_stds: float, rate_hz: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Normal equations of rays and poses with Geman-McClure weights.

        Args:
            at: (T, J, 3) mm, where the weights are computed.
            std_mm: (J,) standard deviation across a ray.
            scale_stds: Scale of the weights, in standard deviations.
            rate_hz: Frames per second.

        Returns:
            ``A`` (T, J, 3, 3) mm^-2 and ``b`` (T, J, 3) mm^-1 of the minimum ``A x = b``.
        """
        share = 1 / max(1.0, CORRELATED_S * rate_hz)
        ratio = self.squared_distances(at) / (scale_stds * std_mm) ** 2
        weight = share * self.weights / std_mm**2 / (1 + ratio) ** 2
        d = self.directions
        weighted = weight[..., None] * d
        A = weight.sum(1)[..., None, None] * np.eye(3)
        A -= np.einsum('tvji,tvjk->tjik', weighted, d)
        along = np.einsum('tvji,vi->tvj', d, self.origins)
        b = np.einsum('tvj,vi->tji', weight, self.origins)
        b -= np.einsum('tvji,tvj->tji', weighted, along)
        known = np.isfinite(self.points).all(-1)
        points = np.where(known[..., None], self.points, 0.0)
        std = np.where(np.isfinite(self.point_std_mm), self.point_std_mm, UNKNOWN_STD_MM)
        std = np.maximum(std, 1.0)
        away = np.where(known[..., None], at - points, 0.0)
        ratio = np.einsum('tji,tji->tj', away, away) / (scale_stds * std) ** 2
        share *= POSE_WEIGHT if self.weights.shape[1] else 1.0
        weight = np.where(known, share / std**2 / (1 + ratio) ** 2, 0.0)
        A += weight[..., None, None] * np.eye(3)
        return A, b + weight[..., None] * points
