"""What a real 2D detector makes of people: noise, misses, ghosts and scores.

The shares and score factors start from the recipe of VoxelPose for Campus and Shelf
(Tu et al., ECCV 2020): peaks weakened at random, more so at wrists and ankles, five people in
a hundred missed. Pixel jitter, joints lost behind other bodies or at the far side of a head,
swapped limbs and ghosts come on top. Jitter is scaled by COCO's per-joint annotation spread.
"""

from __future__ import annotations

import dataclasses
from typing import Sequence

import numpy as np

from mmpose_ours.cameras import CameraRig
from mmpose_ours.keypoints import JOINT_SETS
from mmpose_ours.synthetic.crowd import Crowd, Scene
from mmpose_ours.synthetic.draws import Draws, choose
from mmpose_ours.synthetic.occlusion import FACE, covered, far_side_of_head, joint_box, longer_side

COCO17 = JOINT_SETS['coco17']
# COCO's keypoint spread (one standard deviation per unit of object scale).
COCO_SIGMAS = np.array(
    [26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89], dtype=np.float32
) / 1000  # fmt: skip
_LIMB_ENDS = COCO17.index('left_wrist', 'right_wrist', 'left_ankle', 'right_ankle')
_MID_LIMBS = COCO17.index('left_elbow', 'right_elbow', 'left_knee', 'right_knee')
_LOWER_BODY = COCO17.index('left_knee', 'right_knee', 'left_ankle', 'right_ankle')
_SWAPPED_TOGETHER = (
    ('knee', 'ankle'),
    ('elbow', 'wrist'),
    ('hip', 'knee', 'ankle'),
)
# An outlier's distance, in sizes of the body, one standard deviation along each axis.
OUTLIER_SPREAD = 0.12
# Share of a ghost's joints that are missing.
GHOST_LOSES = 0.3


def _swaps() -> np.ndarray:
    """(L, 17) orders of the joints, each with some left and right limbs exchanged."""
    orders = np.tile(np.arange(17), (len(_SWAPPED_TOGETHER), 1))
    for order, limb in zip(orders, _SWAPPED_TOGETHER):
        joints = COCO17.index(*(f'{side}_{name}' for side in ('left', 'right') for name in limb))
        order[joints] = np.array(COCO17.flip_order)[joints]
    return orders


def _weakened() -> np.ndarray:
    """(17,) what remains of a joint's score where it is weakened."""
    factor = np.ones(17, dtype=np.float32)
    factor[_MID_LIMBS], factor[_LIMB_ENDS] = 0.5, 0.3
    return factor


_SWAPS, _WEAKENED = _swaps(), _weakened()


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
        return self.detect_many(Crowd.of([scene]), rig, [rng])[0]

    def detect_many(
        self, crowd: Crowd, rig: CameraRig, rngs: Sequence[np.random.Generator]
    ) -> list[np.ndarray]:
        """Detect the people of S scenes; as :meth:`detect` of each, much faster.

        Args:
            crowd: S scenes.
            rig: V cameras.
            rngs: A source of randomness per scene.

        Returns:
            One array per scene, as :meth:`detect` returns it.
        """
        draws = Draws(rngs)
        uv, found = _seen(crowd, rig)
        box = joint_box(uv, found)
        kept = self._kept_share(crowd, rig, uv, found, box)
        # What follows has people first, as they draw, and pixels in single precision.
        uv = np.ascontiguousarray(np.where(found, uv, 0.0).transpose(0, 3, 2, 1), np.float32)
        kept, size_px = (np.ascontiguousarray(a.T, np.float32) for a in (kept, longer_side(box)))
        found = np.ascontiguousarray(found.T)
        # Per person and view: a fate for the whole person; per joint: one of its own.
        lower_lost, person_lost, swap, limb, order = np.moveaxis(
            draws.uniform(crowd.counts, 5, len(rig)), 1, 0
        )
        joints = crowd.counts, 3, len(rig), 17
        lost, wild, weak = np.moveaxis(draws.uniform(*joints, dtype=np.float32), 1, 0)
        *noise, score = np.moveaxis(draws.normal(*joints, dtype=np.float32), 1, 0)
        person_score = draws.normal(crowd.counts, len(rig), dtype=np.float32)

        found &= lost < kept
        found[..., _LOWER_BODY] &= (lower_lost >= self.lower_body_share)[..., None]
        found &= (person_lost >= self.missed_person_share)[..., None]

        uv += noise * self._spread_px(wild, size_px)
        person, view = np.nonzero(swap < self.swap_share)
        source = _SWAPS[choose(limb[person, view], len(_SWAPS))]
        uv[:, person, view] = uv[:, person[:, None], view[:, None], source]
        found[person, view] = found[person[:, None], view[:, None], source]

        score = self._scores(score, person_score, weak < self.weak_share)
        keypoints = np.where(found, [*uv, score], 0.0)
        person, view = np.nonzero(np.count_nonzero(found, axis=-1) >= self.min_joints)
        views = crowd.scene[person] * len(rig) + view
        real = np.moveaxis(keypoints, 0, -1)[person, view]
        ghosts, ghost_views, ghost_order = self._ghosts(real, views, rig, draws)
        return _arranged(
            np.concatenate([real, ghosts]),
            np.concatenate([views, ghost_views]),
            np.concatenate([order[person, view], ghost_order]),
            (crowd.scenes, len(rig)),
        )

    def _kept_share(self, crowd, rig, uv, found, box) -> np.ndarray:
        """(17, V, N) probability that a joint survives what hides or loses it."""
        kept = np.full(found.shape, 1 - self.missed_joint_share)
        if self.occluded_share:
            kept *= 1 - self.occluded_share * covered(crowd, rig, uv, found, box)
        if self.far_face_share:
            kept[FACE] *= 1 - self.far_face_share * far_side_of_head(crowd, rig)
        return kept

    def _spread_px(self, wild: np.ndarray, size_px: np.ndarray) -> np.ndarray:
        """(N, V, 17) spread of a joint's pixel, along each axis, from draws of outliers."""
        jitter = self.jitter * COCO_SIGMAS * 0.5
        outlier = np.hypot(jitter, OUTLIER_SPREAD)
        return np.where(wild < self.outlier_share, outlier, jitter) * size_px[..., None]

    def _scores(self, joint: np.ndarray, person: np.ndarray, weak: np.ndarray) -> np.ndarray:
        """(N, V, 17) scores from unit normals of joints and people, and who is weakened."""
        mean, spread = self.score
        score = mean + spread * (joint + person[..., None] / 2)
        score *= np.where(weak, _WEAKENED, 1.0)
        return np.clip(score, 0.05 if spread else 0, 1.0)

    def _ghosts(self, real: np.ndarray, views: np.ndarray, rig: CameraRig, draws: Draws):
        """Detections of nobody: real-looking people moved to anywhere in the image.

        Args:
            real: (D, 17, 3) detections of all scenes and views.
            views: (D,) which view of which scene each is in: scene * V + view.
            rig: V cameras.
            draws: Of S scenes.

        Returns:
            (G, 17, 3) ghosts, (G,) where they are, as ``views``, and (G,) draws to order by.
        """
        there = np.bincount(views, minlength=len(draws) * len(rig))
        count = draws.poisson(self.ghost_rate, len(rig)).ravel() * (there > 0)
        view = np.repeat(np.arange(len(count)), count)
        drawn = draws.uniform(count.reshape(-1, len(rig)).sum(1), 17 + 5)
        lost, (whom, strength, order, *spot) = drawn[:, :17] < GHOST_LOSES, drawn[:, 17:].T

        by_view = np.argsort(views, kind='stable')
        first = np.cumsum(there) - there
        ghosts = real[by_view[first[view] + choose(whom, there[view])]]
        found = ghosts[..., 2:] > 0
        middle = (ghosts[..., :2] * found).sum(1) / np.maximum(found.sum(1), 1)
        size = np.array([camera.size for camera in rig])[view % len(rig)]
        ghosts[..., :2] += (np.stack(spot, -1) * size - middle)[:, None]
        ghosts[..., 2] *= 0.3 + 0.6 * strength[:, None]
        uv = ghosts[..., :2]
        inside = ((uv >= -0.5) & (uv < size[:, None] - 0.5)).all(-1)
        ghosts[~(inside & found[..., 0]) | lost] = 0.0
        enough = np.count_nonzero(ghosts[..., 2], axis=-1) >= self.min_joints
        return ghosts[enough], view[enough], order[enough]


def _seen(crowd: Crowd, rig: CameraRig) -> tuple[np.ndarray, np.ndarray]:
    """Where each joint is in each image, (2, 17, V, N), and whether it is inside, (17, V, N)."""
    uv = np.empty((2, 17, len(rig), len(crowd)))
    found = np.empty(uv.shape[1:], dtype=bool)
    poses = np.moveaxis(crowd.joints_first, 0, -1)
    for view, camera in enumerate(rig):
        pixels, _ = camera.project(poses)
        uv[:, :, view] = np.moveaxis(pixels, -1, 0)
        found[:, view] = camera.in_image(pixels) & crowd.visible.T
    return uv, found


def _arranged(
    keypoints: np.ndarray, views: np.ndarray, order: np.ndarray, shape: tuple[int, int]
) -> list[np.ndarray]:
    """Sort detections into views, each view's by ``order``, padded per scene with zeros.

    Args:
        keypoints: (D, 17, 3).
        views: (D,) scene * V + view.
        order: (D,).
        shape: (S, V).

    Returns:
        S arrays (V, P, 17, 3) float32, P the scene's largest count over the views.
    """
    by_view = np.lexsort((order, views))
    keypoints, views = keypoints[by_view], views[by_view]
    counts = np.bincount(views, minlength=shape[0] * shape[1])
    rank = np.arange(len(views)) - (np.cumsum(counts) - counts)[views]
    most = counts.reshape(shape).max(1)
    result = np.zeros((counts.size, most.max(initial=0), 17, 3), dtype=np.float32)
    result[views, rank] = keypoints
    return [
        view[:, :people].copy()
        for view, people in zip(result.reshape(*shape, *result.shape[1:]), most)
    ]
