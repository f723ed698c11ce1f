"""What a real 2D detector makes of people: noise, misses, ghosts and scores.

The shares and score factors start from the recipe of VoxelPose for Campus and Shelf
(Tu et al., ECCV 2020): peaks weakened at random, more so at wrists and ankles, five people in
a hundred missed. Pixel jitter, joints lost behind other bodies or at the far side of a head,
swapped limbs and ghosts come on top. Jitter is scaled by COCO's per-joint annotation spread.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from mmpose_ours.cameras import CameraRig
from mmpose_ours.keypoints import JOINT_SETS
from mmpose_ours.synthetic.scene import Scene

COCO17 = JOINT_SETS['coco17']
# COCO's keypoint spread (one standard deviation per unit of object scale).
COCO_SIGMAS = np.array(
    [26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89]
) / 1000  # fmt: skip
_FACE = COCO17.index('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear')
_LIMB_ENDS = COCO17.index('left_wrist', 'right_wrist', 'left_ankle', 'right_ankle')
_MID_LIMBS = COCO17.index('left_elbow', 'right_elbow', 'left_knee', 'right_knee')
_LOWER_BODY = COCO17.index('left_knee', 'right_knee', 'left_ankle', 'right_ankle')
_SWAPPED_TOGETHER = (
    ('knee', 'ankle'),
    ('elbow', 'wrist'),
    ('hip', 'knee', 'ankle'),
)


@dataclasses.dataclass(frozen=True)
class DetectorFaults:
    """How wrong the invented detector is; zeros make it perfect (see :meth:`none`).

    Args:
        jitter: Pixel noise in units of COCO's annotation spread.
        outlier_share: Joints that land elsewhere: by 0.12 of the body's size, one standard
            deviation along each axis.
        missed_joint_share: Joints lost for no reason.
        lower_body_share: People whose knees and ankles are lost (behind furniture).
        swap_share: People with a pair of left and right limbs exchanged.
        occluded_share: Joints lost among those that a nearer person covers.
        far_face_share: Eyes, ears and nose lost among those at the far side of the head.
        missed_person_share: People lost in a view.
        ghost_rate: Mean number of people who are not there, in a view that has people.
        score: (mean, spread) of the scores of joints that are found.
        weak_share: Elbows, knees, wrists and ankles whose score is weakened much.
        min_joints: A person with fewer joints in a view is not detected there.

    Raises:
        ValueError: A share is outside 0 to 1, or another number is negative.
    """

    jitter: float = 0.4
    outlier_share: float = 0.015
    missed_joint_share: float = 0.04
    lower_body_share: float = 0.04
    swap_share: float = 0.02
    occluded_share: float = 0.5
    far_face_share: float = 0.8
    missed_person_share: float = 0.05
    ghost_rate: float = 0.05
    score: tuple[float, float] = (0.85, 0.1)
    weak_share: float = 0.1
    min_joints: int = 4

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name.endswith('_share') and not 0 <= value <= 1:
                raise ValueError(f'{field.name} is {value}; a share is between 0 and 1')
            if np.min(value) < 0:
                raise ValueError(f'{field.name} is {value}; it cannot be negative')

    @classmethod
    def none(cls) -> DetectorFaults:
        """A detector that finds every joint inside the image, exactly, with score 1."""
        zeros = {f.name: 0.0 for f in dataclasses.fields(cls) if f.type == 'float'}
        return cls(score=(1.0, 0.0), min_joints=1, **zeros)

    def detect(self, scene: Scene, rig: CameraRig, rng: np.random.Generator) -> np.ndarray:
        """Detect a scene's people in every view.

        Args:
            scene: P people.
            rig: V cameras.
            rng: Source of randomness.

        Returns:
            (V, P', 17, 3) float32 ``u, v, score`` in pixels; a score of 0 means not found
            (its pixel is then 0). Rows of a view are in random order, so that a row means
            nothing across views; P' is the largest count over the views.
        """
        uv, valid = rig.project(scene.poses)
        inside = np.stack([camera.in_image(points) for camera, points in zip(rig, uv)])
        found = valid & inside & scene.visible
        size_px = _person_size(uv, found)
        views = [
            self._one_view(scene, camera, uv[view], found[view], size_px[view], rng)
            for view, camera in enumerate(rig)
        ]
        result = np.zeros((len(rig), max(map(len, views)), 17, 3), dtype=np.float32)
        for row, people in zip(result, views):
            row[: len(people)] = people
        return result

    def _one_view(self, scene, camera, uv, found, size_px, rng) -> np.ndarray:
        people = len(uv)
        found = found.copy()
        found &= ~(self._covered(scene, camera, uv, size_px) & self._chance(
            rng, self.occluded_share, found.shape))  # fmt: skip
        found[:, _FACE] &= ~(
            _far_face(scene, camera) & self._chance(rng, self.far_face_share, (people, len(_FACE)))
        )
        found &= ~self._chance(rng, self.missed_joint_share, found.shape)
        hidden = self._chance(rng, self.lower_body_share, people)
        found[np.ix_(hidden, np.array(_LOWER_BODY))] = False
        found &= ~self._chance(rng, self.missed_person_share, (people, 1))

        uv = np.where(found[..., None], uv, 0.0)
        noise = rng.normal(size=uv.shape) * (self.jitter * COCO_SIGMAS * 0.5)[:, None]
        wild = self._chance(rng, self.outlier_share, found.shape)
        noise[wild] += rng.normal(size=(wild.sum(), 2)) * 0.12
        uv = uv + noise * size_px[:, None, None]
        for person in np.flatnonzero(self._chance(rng, self.swap_share, people)):
            limb = _SWAPPED_TOGETHER[rng.integers(len(_SWAPPED_TOGETHER))]
            left, right = (COCO17.index(*(f'{s}_{n}' for n in limb)) for s in ('left', 'right'))
            uv[person, left + right] = uv[person, right + left]
            found[person, left + right] = found[person, right + left]

        keypoints = np.concatenate([uv, self._scores(rng, found)[..., None]], axis=-1)
        keypoints[~found] = 0.0
        keypoints = keypoints[found.sum(1) >= self.min_joints]
        keypoints = np.concatenate([keypoints, self._ghosts(keypoints, camera, rng)])
        return rng.permutation(keypoints)

    @staticmethod
    def _chance(rng, share: float, shape) -> np.ndarray:
        return rng.random(shape) < share

    def _scores(self, rng, found) -> np.ndarray:
        mean, spread = self.score
        person = rng.normal(0, spread / 2, (len(found), 1))
        score = rng.normal(mean, spread, found.shape) + person
        weak = np.zeros(found.shape)
        weak[:, _MID_LIMBS], weak[:, _LIMB_ENDS] = 0.5, 0.7
        weak[self._chance(rng, 1 - self.weak_share, found.shape)] = 0
        return np.clip(score * (1 - weak), 0.05 if spread else 0, 1.0)

    def _covered(self, scene, camera, uv, size_px) -> np.ndarray:
        """(P, 17) joints whose pixel falls close to a joint of a nearer person."""
        depth = camera.to_camera(scene.poses)[..., 2].mean(1)
        # A joint without a place, or behind the camera, covers nothing.
        cover = np.where(scene.visible[..., None] & np.isfinite(uv), uv, np.inf)
        with np.errstate(invalid='ignore'):
            gap = np.linalg.norm(uv[:, :, None, None] - cover[None, None], axis=-1).min(-1)
            touches = gap < 0.06 * size_px  # (P, 17, P), nearer person's size
        nearer = depth[None] < depth[:, None] - 200.0
        return (touches & nearer[:, None]).any(-1)

    def _ghosts(self, keypoints, camera, rng) -> np.ndarray:
        """Detections of nobody: real-looking people moved to anywhere in the image."""
        count = rng.poisson(self.ghost_rate) if len(keypoints) else 0
        if not count:
            return keypoints[:0]
        ghosts = keypoints[rng.integers(len(keypoints), size=count)]
        found = ghosts[..., 2:] > 0
        middle = (ghosts[..., :2] * found).sum(1, keepdims=True)
        middle /= np.maximum(found.sum(1, keepdims=True), 1)
        ghosts[..., :2] += rng.uniform(0, 1, (count, 1, 2)) * np.array(camera.size) - middle
        lost = ~camera.in_image(ghosts[..., :2]) | (rng.random(ghosts.shape[:2]) < 0.3)
        ghosts[..., 2] *= rng.uniform(0.3, 0.9, (count, 1))
        ghosts[lost | (ghosts[..., 2] == 0)] = 0.0
        return ghosts[(ghosts[..., 2] > 0).sum(1) >= self.min_joints]


def _person_size(uv: np.ndarray, found: np.ndarray) -> np.ndarray:
    """(V, P) longer side of the box around the joints found, in pixels."""
    low = np.where(found[..., None], uv, np.inf).min(-2)
    high = np.where(found[..., None], uv, -np.inf).max(-2)
    size = (high - low).max(-1)
    return np.where(np.isfinite(size), size, 0.0)


def _far_face(scene: Scene, camera) -> np.ndarray:
    """(P, 5) nose, eyes and ears that the head itself hides from the camera."""
    # Where an ear's or the nose's place is unknown, NaN makes every comparison false.
    face = np.where(scene.visible[:, _FACE, None], scene.poses[:, _FACE], np.nan)
    nose, _, _, left_ear, right_ear = np.moveaxis(face, 1, 0)
    centre = (left_ear + right_ear) / 2
    to_camera = camera.center_w - centre
    to_camera = to_camera / np.linalg.norm(to_camera, axis=-1, keepdims=True)
    ahead, aside = nose - centre, left_ear - right_ear

    def cosine(axis):
        length = np.linalg.norm(axis, axis=-1)
        return (axis * to_camera).sum(-1) / np.maximum(length, 1e-6)

    front, left = cosine(ahead), cosine(aside)
    with np.errstate(invalid='ignore'):
        hidden = [
            front < -0.1,
            front + 0.5 * left < 0,
            front - 0.5 * left < 0,
            left < -0.4,
            left > 0.4,
        ]
    return np.stack(hidden, -1)
