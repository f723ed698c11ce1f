"""Synthetic bodies whose segments are turned by known angles, by SciPy's rotations."""

import numpy as np
from scipy.spatial.transform import Rotation

from mmpose_ours.structures.skeleton import Skeleton

PARTS = ('hip', 'knee', 'ankle', 'heel', 'big_toe', 'shoulder', 'elbow', 'wrist')
JOINTS = Skeleton(
    'all', ('spine', *(f'{side}_{part}' for part in PARTS for side in ('left', 'right')))
)
# Columns: laboratory axes of the ISB (x, y up, z) in the world, which has z up.
TO_WORLD = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])


def turn(order, *degrees):
    """Rotation matrices by intrinsic angles of (T,) degrees each."""
    angles = np.stack(np.broadcast_arrays(*map(np.atleast_1d, degrees)), -1)
    return Rotation.from_euler(order, angles, degrees=True).as_matrix()


def body(angles, arms='ZXY'):
    """(T, J, 3) mm, z up, of people with these angles (name -> (T,) degrees; others are 0).

    Args:
        angles: As the package names them.
        arms: ``'YXY'`` turns the arms by ``shoulder_plane`` and ``shoulder_elevation``.
    """
    count = max(map(np.size, angles.values()), default=1)

    def of(name):
        return np.broadcast_to(angles.get(name, 0.0), (count,)).astype(float)

    pelvis = turn('YXZ', of('pelvis_rotation'), of('pelvis_list'), of('pelvis_tilt'))
    lumbar = [of(f'lumbar_{name}') for name in ('extension', 'bending', 'rotation')]
    thorax = pelvis @ turn('ZXY', *lumbar)
    root = np.array([300.0, 950.0, -200.0])
    points = {'spine': root + pelvis @ [0, 200, 0]}
    neck = points['spine'] + thorax @ [0, 300, 0]
    for side, out in (('right', 1), ('left', -1)):
        end = side[0]
        hip = points[f'{side}_hip'] = root + pelvis @ [0, 0, 110 * out]
        thigh = pelvis @ turn('ZXY', of(f'hip_flexion_{end}'), out * of(f'hip_adduction_{end}'),
                              out * of(f'hip_rotation_{end}'))  # fmt: skip
        knee = points[f'{side}_knee'] = hip + thigh @ [0, -400, 0]
        shank = thigh @ turn('Z', -of(f'knee_angle_{end}'))
        ankle = points[f'{side}_ankle'] = knee + shank @ [0, -420, 0]
        foot = shank @ turn('Z', of(f'ankle_angle_{end}'))
        points[f'{side}_heel'] = ankle + foot @ [-50, -60, 0]
        points[f'{side}_big_toe'] = ankle + foot @ [170, -60, 0]
        shoulder = points[f'{side}_shoulder'] = neck + thorax @ [0, 0, 180 * out]
        if arms == 'ZXY':
            upper = thorax @ turn('ZXY', of(f'arm_flex_{end}'), out * of(f'arm_add_{end}'),
                                  out * of(f'arm_rot_{end}'))  # fmt: skip
        else:
            plane, elevation = of(f'shoulder_plane_{end}'), of(f'shoulder_elevation_{end}')
            upper = thorax @ turn('YX', out * plane, -out * elevation)
        elbow = points[f'{side}_elbow'] = shoulder + upper @ [0, -300, 0]
        fore = upper @ turn('Z', of(f'elbow_flex_{end}'))
        points[f'{side}_wrist'] = elbow + fore @ [0, -260, 0]
    return np.stack([points[name] for name in JOINTS.joints], axis=1) @ TO_WORLD.T
