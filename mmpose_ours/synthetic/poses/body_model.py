"""The built-in body model: random poses of an articulated body with joint limits.

Segment lengths are fractions of stature after Drillis and Contini (1966); ranges of motion
follow the usual clinical tables. The result has COCO's 17 joints, z up, feet on the floor.
Balance is not simulated; it depends on the angles of the actions below.
"""

from __future__ import annotations

import numpy as np

from mmpose_ours.errors import InputError
from mmpose_ours.structures.skeletons import SKELETONS

COCO17 = SKELETONS['coco17']

# Fractions of stature.
THIGH, SHANK, ANKLE_HEIGHT = 0.232, 0.235, 0.055
TRUNK, UPPER_ARM, FOREARM = 0.298, 0.170, 0.145
HALF_HIPS, HALF_SHOULDERS = 0.053, 0.098
# Face landmarks from the mid-shoulder in the head's frame (forward, left, up).
FACE = {
    'nose': (0.068, 0.0, 0.108),
    'left_eye': (0.055, 0.019, 0.128),
    'left_ear': (0.004, 0.045, 0.117),
}
STATURE_MM, STATURE_STD_MM, STATURE_RANGE_MM = 1700.0, 110.0, (1250.0, 2050.0)
BONE_STD = 0.04  # relative standard deviation of each bone length of a person

# Limits in degrees; flexion lifts a limb forward, abduction sideways.
LIMITS = {
    'bend': (-25, 100),  # trunk, forward
    'lean': (-30, 30),  # trunk, sideways
    'twist': (-45, 45),  # shoulders against hips
    'hip_flexion': (-25, 120),
    'hip_abduction': (-15, 50),
    'hip_rotation': (-35, 45),
    'knee_flexion': (0, 150),
    'shoulder_flexion': (-55, 180),
    'shoulder_abduction': (-10, 175),
    'shoulder_rotation': (-80, 90),
    'elbow_flexion': (0, 150),
    'head_pitch': (-45, 60),
    'head_yaw': (-75, 75),
}

# What people do: (mean, spread) in degrees; what an action does not name rests at REST.
# 'stride' swings arms and legs against each other with a random phase.
REST = {
    'bend': (4, 5), 'lean': (0, 4), 'twist': (0, 8),
    'hip_flexion': (3, 5), 'hip_abduction': (4, 4), 'hip_rotation': (5, 10),
    'knee_flexion': (5, 5),
    'shoulder_flexion': (5, 15), 'shoulder_abduction': (9, 7), 'shoulder_rotation': (20, 25),
    'elbow_flexion': (25, 25), 'head_pitch': (8, 12), 'head_yaw': (0, 25), 'stride': (0, 0),
}  # fmt: skip
ACTIONS: dict[str, dict[str, tuple[float, float]]] = {
    'stand': {},
    'walk': {'stride': (24, 8), 'knee_flexion': (14, 8), 'elbow_flexion': (25, 15)},
    'run': {'stride': (38, 10), 'bend': (12, 6), 'knee_flexion': (45, 20),
            'elbow_flexion': (85, 15)},
    'reach': {'shoulder_flexion': (80, 35), 'shoulder_abduction': (15, 20),
              'elbow_flexion': (35, 30), 'bend': (12, 15), 'twist': (0, 20)},
    'arms_up': {'shoulder_flexion': (150, 25), 'shoulder_abduction': (20, 25),
                'elbow_flexion': (30, 30), 'bend': (-2, 6)},
    'arms_out': {'shoulder_flexion': (10, 25), 'shoulder_abduction': (85, 15),
                 'elbow_flexion': (25, 25), 'shoulder_rotation': (0, 50)},
    'hands_together': {'shoulder_flexion': (35, 20), 'shoulder_abduction': (5, 7),
                       'shoulder_rotation': (55, 20), 'elbow_flexion': (85, 25)},
    'bend_over': {'bend': (55, 22), 'knee_flexion': (20, 15), 'hip_flexion': (12, 12),
                  'shoulder_flexion': (60, 30), 'elbow_flexion': (25, 20), 'head_pitch': (0, 20)},
    'crouch': {'bend': (40, 18), 'hip_flexion': (85, 20), 'knee_flexion': (105, 22),
               'hip_abduction': (14, 10), 'shoulder_flexion': (55, 30),
               'elbow_flexion': (40, 30)},
    'sit': {'bend': (8, 14), 'hip_flexion': (84, 10), 'knee_flexion': (84, 14),
            'hip_abduction': (9, 8), 'shoulder_flexion': (35, 25), 'elbow_flexion': (60, 30)},
    'lunge': {'stride': (42, 12), 'knee_flexion': (40, 25), 'shoulder_flexion': (30, 50),
              'shoulder_abduction': (30, 35), 'elbow_flexion': (50, 40)},
}  # fmt: skip
ACTION_WEIGHTS = {
    'stand': 3, 'walk': 4, 'run': 0.7, 'reach': 3, 'arms_up': 1.2, 'arms_out': 1.2,
    'hands_together': 2.5, 'bend_over': 1.5, 'crouch': 1, 'sit': 1.2, 'lunge': 1,
}  # fmt: skip


def _rotation(axis: int, degrees: np.ndarray) -> np.ndarray:
    """(N,) angles about a body axis (0 forward, 1 left, 2 up) to (N, 3, 3) matrices."""
    a = np.deg2rad(degrees)
    i, j = [(1, 2), (2, 0), (0, 1)][axis]
    matrix = np.zeros(a.shape + (3, 3))
    matrix[..., axis, axis] = 1
    matrix[..., i, i] = matrix[..., j, j] = np.cos(a)
    matrix[..., i, j], matrix[..., j, i] = -np.sin(a), np.sin(a)
    return matrix


class _Angles:
    """Draws joint angles of a whole batch, one action each, within the limits."""

    def __init__(self, rng: np.random.Generator, actions: np.ndarray):
        self.rng, self.actions = rng, actions
        self.phase = rng.uniform(0, 2 * np.pi, len(actions))
        self.stride = self._drawn('stride')

    def _drawn(self, name: str) -> np.ndarray:
        table = np.array([ACTIONS[a].get(name, REST[name]) for a in ACTIONS], dtype=float)
        mean, std = table[self.actions].T
        return self.rng.normal(mean, std)

    def one(self, name: str, swing: np.ndarray | float = 0.0) -> np.ndarray:
        return np.clip(self._drawn(name) + swing, *LIMITS[name])

    def swing(self, side: int, lag: float = 0.0) -> np.ndarray:
        """Periodic part: opposite for the two sides (side = +1 left, -1 right)."""
        return side * self.stride * np.sin(self.phase + lag)


def built_in_poses(
    count: int, rng: np.random.Generator, actions: tuple[str, ...] | None = None
) -> np.ndarray:
    """Sample random poses.

    Args:
        count: Number of poses.
        rng: Random generator; the same state gives the same poses.
        actions: Names from :data:`ACTIONS` to draw from; None draws all, weighted.

    Returns:
        (count, 17, 3) COCO joints in millimetres, z up, standing on the floor z = 0 with the
        middle of the hips above the origin, facing +x.

    Raises:
        InputError: An action is unknown.
    """
    names = list(ACTIONS)
    unknown = [name for name in actions or () if name not in ACTIONS]
    if unknown:
        raise InputError(
            f'unknown action {", ".join(unknown)}; known: {", ".join(names)}',
            code='unknown-name',
            found=unknown,
            expected=names,
        )
    weights = np.array([ACTION_WEIGHTS[n] if not actions or n in actions else 0.0 for n in names])
    chosen = rng.choice(len(names), size=count, p=weights / weights.sum())
    angles = _Angles(rng, chosen)
    low, high = STATURE_RANGE_MM
    stature = np.clip(rng.normal(STATURE_MM, STATURE_STD_MM, count), low, high)

    def bone(fraction: float) -> np.ndarray:
        return (stature * fraction * rng.normal(1, BONE_STD, count))[:, None]

    def move(
        frame: np.ndarray, direction: tuple[float, float, float], length: np.ndarray
    ) -> np.ndarray:
        return frame @ np.asarray(direction, dtype=float) * length

    joints: dict[str, np.ndarray] = {}
    down = (0.0, 0.0, -1.0)
    thigh, shank, upper_arm, forearm = (bone(f) for f in (THIGH, SHANK, UPPER_ARM, FOREARM))
    bend = angles.one('bend')
    # A bending person tips the pelvis too; the rest of the bend is the spine's.
    pelvis = _rotation(1, bend * 0.4)
    lean = angles.one('lean')
    spine = pelvis @ _rotation(1, bend * 0.6) @ _rotation(0, lean)
    spine = spine @ _rotation(2, angles.one('twist', swing=-0.3 * angles.swing(1)))
    # A curved spine points, from end to end, half way between its two ends' directions.
    trunk = pelvis @ _rotation(1, bend * 0.3) @ _rotation(0, lean * 0.5)
    shoulder_centre = move(trunk, (0, 0, 1), bone(TRUNK))
    half_hips, half_shoulders = bone(HALF_HIPS), bone(HALF_SHOULDERS)

    for side, sign in (('left', 1), ('right', -1)):
        leg = _rotation(2, sign * angles.one('hip_rotation'))
        leg = leg @ _rotation(0, sign * angles.one('hip_abduction'))
        leg = leg @ _rotation(1, -angles.one('hip_flexion', swing=angles.swing(sign)))
        knee = np.maximum(0, angles.swing(sign, lag=1.2)) * 0.9
        joints[f'{side}_hip'] = move(pelvis, (0, sign, 0), half_hips)
        joints[f'{side}_knee'] = joints[f'{side}_hip'] + move(leg, down, thigh)
        shin = leg @ _rotation(1, angles.one('knee_flexion', swing=knee))
        joints[f'{side}_ankle'] = joints[f'{side}_knee'] + move(shin, down, shank)

        arm = spine @ _rotation(0, sign * angles.one('shoulder_abduction'))
        arm = arm @ _rotation(1, -angles.one('shoulder_flexion', swing=-angles.swing(sign)))
        arm = arm @ _rotation(2, -sign * angles.one('shoulder_rotation'))
        joints[f'{side}_shoulder'] = shoulder_centre + move(spine, (0, sign, 0), half_shoulders)
        joints[f'{side}_elbow'] = joints[f'{side}_shoulder'] + move(arm, down, upper_arm)
        lower = arm @ _rotation(1, -angles.one('elbow_flexion'))
        joints[f'{side}_wrist'] = joints[f'{side}_elbow'] + move(lower, down, forearm)

    head = spine @ _rotation(2, angles.one('head_yaw')) @ _rotation(1, angles.one('head_pitch'))
    head_size = bone(1.0)
    for name, offset in FACE.items():
        joints[name] = shoulder_centre + move(head, offset, head_size)
        if name.startswith('left'):
            mirrored = (offset[0], -offset[1], offset[2])
            joints[name.replace('left', 'right')] = shoulder_centre + move(
                head, mirrored, head_size
            )

    poses = np.stack([joints[name] for name in COCO17.joints], axis=1)
    return _stand_on_floor(poses, stature)


def _stand_on_floor(poses: np.ndarray, stature: np.ndarray) -> np.ndarray:
    """Shift each person so that the lowest body part touches z = 0."""
    clearance = np.full(len(COCO17), 0.03)
    clearance[COCO17.index('left_ankle', 'right_ankle')] = ANKLE_HEIGHT
    clearance[COCO17.index('left_hip', 'right_hip')] = 0.05
    lowest = (poses[..., 2] - clearance * stature[:, None]).min(axis=1)
    poses = poses.copy()
    poses[..., 2] -= lowest[:, None]
    poses[..., :2] -= COCO17.root_of(poses)[:, None, :2]
    return poses
