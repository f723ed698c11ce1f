"""Relative poses of two cameras from people, without known correspondences of people.

Every pair of 2D tracks that overlap in time is a hypothesis: if both are the same person, its
joints over many frames give the essential matrix. All people of both views judge it. The best are
estimated again from all people that match.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.association.epipolar import MAX_ERROR, SeenPeople, epipolar_errors
from mmpose_ours.calibration.alignment.height import rough_height
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.rotations import to_vector
from mmpose_ours.geometry.triangulation import triangulate

# Hypotheses of a pair of cameras, frames that two tracks must share, and frames used of those.
HYPOTHESES, MIN_OVERLAP, TRACK_FRAMES = 40, 8, 60
# Frames by which hypotheses are judged.
JUDGED_FRAMES = 120
# Correspondences of one estimate, and its RANSAC: inlier distance (normalised image coordinates,
# about radians) and iterations.
CORRESPONDENCES, INLIER, ITERATIONS = 500, 0.01, 200
# Poses of a pair that are kept, different by more degrees; estimates repeated with all people.
KEPT, DIFFERENT_DEGREES, REPEATS = 3, 8.0, 3
# Of a true pose the matched people reach at least so many full matches in the judged frames.
MIN_SCORE_OF_A_PAIR = 5.0


@dataclasses.dataclass(frozen=True, eq=False)
class RelativePose:
    """A pose of a second camera in the frame of a first.

    Args:
        R: (3, 3) rotation, first to second camera.
        t: (3,) translation in mm.
        score: Sum over the people of the judged frames of 1 for a perfect match to 0 for the
            largest epipolar error of the same person.
    """

    R: np.ndarray
    t: np.ndarray
    score: float


class PairOfViews:
    """Two cameras and their people over time.

    Args:
        cameras: The two; only their intrinsics are used.
        keypoints: Of each (F, P, 17, 3) ``u, v, score``, score 0 where there is nobody.
        people: Of each the same as rays.
        tracks: Of each (F, P), see :func:`~mmpose_ours.self_calibration.view_tracks.track_view`.
        height_mm: Mean stature of the people.
    """

    def __init__(
        self,
        cameras: tuple[Camera, Camera],
        keypoints: tuple[np.ndarray, np.ndarray],
        people: tuple[SeenPeople, SeenPeople],
        tracks: tuple[np.ndarray, np.ndarray],
        height_mm: float,
    ):
        self.cameras, self.keypoints, self.people, self.tracks = cameras, keypoints, people, tracks
        self.height_mm = height_mm
        both = np.flatnonzero((tracks[0] >= 0).any(1) & (tracks[1] >= 0).any(1))
        spread = np.linspace(0, len(both) - 1, min(len(both), JUDGED_FRAMES)).round().astype(int)
        self.judged = both[spread]
        self.seen = people[0].at(self.judged), people[1].at(self.judged)

    def poses(self) -> list[RelativePose]:
        """The best different poses, best first; none if people do not tell."""
        rough = [
            pose
            for frames, first, second in self._overlaps()
            for pose in [self._estimate(frames, first, second)]
            if pose is not None
        ]
        rough.sort(key=lambda pose: -pose.score)
        found: list[RelativePose] = []
        for pose in _different(rough):
            refined = self._repeated(pose)
            sized = self._sized(refined) if refined.score >= MIN_SCORE_OF_A_PAIR else None
            if sized is not None:
                found.append(sized)
        found.sort(key=lambda pose: -pose.score)
        return _different(found)

    def _overlaps(self) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Pairs of tracks with the longest overlap: frames and indices of their detections."""
        first, second = self.tracks
        both = (first[:, :, None] >= 0) & (second[:, None, :] >= 0)
        frames, p, q = np.nonzero(both)
        pairs = np.stack([first[frames, p], second[frames, q]], axis=1)
        _, pair, counts = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
        order = np.argsort(pair.ravel(), kind='stable')
        rows = np.split(order, np.cumsum(counts)[:-1]) if len(counts) else []
        rows = sorted((r for r in rows if len(r) >= MIN_OVERLAP), key=len, reverse=True)
        found = []
        for row in rows[:HYPOTHESES]:
            used = row[
                np.linspace(0, len(row) - 1, min(len(row), TRACK_FRAMES)).round().astype(int)
            ]
            found.append((frames[used], p[used], q[used]))
        return found

    def _estimate(
        self, frames: np.ndarray, first: np.ndarray, second: np.ndarray
    ) -> RelativePose | None:
        """The relative pose by detections of the same people in both views."""
        import cv2

        a, b = self.people
        common = a.found[frames, first] & b.found[frames, second]
        rays = a.rays[frames, first][common][:, :2], b.rays[frames, second][common][:, :2]
        if len(rays[0]) < 4 * MIN_OVERLAP:
            return None
        chosen = np.random.default_rng(0).permutation(len(rays[0]))[:CORRESPONDENCES]
        left, right = (np.ascontiguousarray(each[chosen]) for each in rays)
        cv2.setRNGSeed(0)
        E, inliers = cv2.findEssentialMat(
            left, right, np.eye(3), cv2.RANSAC, 0.999, INLIER, ITERATIONS
        )
        if E is None or E.shape != (3, 3):
            return None
        _, R, t, _ = cv2.recoverPose(E, left, right, np.eye(3), mask=inliers.copy())
        # 5 m, so that nobody is nearer than the smallest depth in mm
        return self._scored(R, 5000.0 * t.ravel())

    def _scored(self, R: np.ndarray, t: np.ndarray) -> RelativePose:
        error = self._errors(R, t)
        return RelativePose(R, t, float((1 - error[mutual_matches(error)] / MAX_ERROR).sum()))

    def _errors(self, R: np.ndarray, t: np.ndarray) -> np.ndarray:
        first, second = self._posed(R, t)
        return epipolar_errors(first, second, *self.seen)

    def _posed(self, R: np.ndarray, t: np.ndarray) -> CameraRig:
        first, second = self.cameras
        return CameraRig(
            (
                dataclasses.replace(first, R_w2c=np.eye(3), t_w2c=np.zeros(3)),
                dataclasses.replace(second, R_w2c=R, t_w2c=t),
            )
        )

    def _matches(self, pose: RelativePose) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        frame, first, second = np.nonzero(mutual_matches(self._errors(pose.R, pose.t)))
        return self.judged[frame], first, second

    def _repeated(self, pose: RelativePose) -> RelativePose:
        for _ in range(REPEATS):
            again = self._estimate(*self._matches(pose))
            if again is None or again.score <= pose.score:
                break
            pose = again
        return pose

    def _sized(self, pose: RelativePose) -> RelativePose | None:
        """With the baseline in mm by the bodies of the matched people."""
        frames, first, second = self._matches(pose)
        seen = np.stack([self.keypoints[0][frames, first], self.keypoints[1][frames, second]])
        with np.errstate(invalid='ignore', divide='ignore'):
            # A wrong pose may put people at the centre of a camera.
            xyz = triangulate(self._posed(pose.R, pose.t), seen[..., :2], seen[..., 2])[0]
        try:
            scale = self.height_mm / rough_height(xyz)
        except CalibrationError:
            return None
        return RelativePose(pose.R, scale * pose.t, pose.score)


def mutual_matches(error: np.ndarray) -> np.ndarray:
    """(F, P, Q) bool: detections that match each other best, and well enough."""
    best = error == error.min(2, keepdims=True, initial=np.inf)
    return best & (error == error.min(1, keepdims=True, initial=np.inf)) & (error < MAX_ERROR)


def _different(poses: list[RelativePose]) -> list[RelativePose]:
    """The first poses whose rotations differ."""
    kept: list[RelativePose] = []
    for pose in poses:
        if all(angle_degrees(pose.R @ other.R.T) > DIFFERENT_DEGREES for other in kept):
            kept.append(pose)
        if len(kept) == KEPT:
            break
    return kept


def angle_degrees(R: np.ndarray) -> float:
    """The angle of a rotation."""
    return float(np.degrees(np.linalg.norm(to_vector(R))))
