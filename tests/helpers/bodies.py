"""People of any skeleton whose limbs are those of people."""

import numpy as np

from mmpose_ours.structures.skeletons import SKELETONS

SIDES = ('left', 'right')


def bodies(skeleton, count=40, seed=0):
    """(N, J, 3) people of any skeleton in random poses, seen from random sides.

    Trunk, limbs and head of an adult in mm; arms and legs hang, swing and bend.
    """
    rng = np.random.default_rng(seed)
    names = SKELETONS[skeleton].joints
    out = np.zeros((count, len(names), 3))
    for row in out:
        at = {'mid_hip': np.zeros(3), 'neck': np.array([0, 0, 500.0])}
        at['nose'] = at['neck'] + (0, 120, 180)
        at['top_head'] = at['neck'] + (0, 0, 300)
        at['spine'] = (at['mid_hip'] + at['neck']) / 2
        for side, sign in zip(SIDES, (-1, 1)):
            at[f'{side}_eye'] = at['nose'] + (30 * sign, -20, 30)
            at[f'{side}_ear'] = at['nose'] + (70 * sign, -100, 10)
            for chain, start, lengths in (
                (('shoulder', 'elbow', 'wrist', 'hand'), (180, 500), (290, 260, 90)),
                (('hip', 'knee', 'ankle', 'foot'), (120, 0), (430, 420, 150)),
            ):
                place = np.array([start[0] * sign, 0.0, start[1]])
                for joint, length in zip(chain, (*lengths, 0)):
                    at[f'{side}_{joint}'] = place
                    swing = rng.normal(0, 0.45, 2)
                    place = place + length * np.array([*np.sin(swing), -np.cos(swing[0])])
        turn = rng.uniform(0, 2 * np.pi)
        for index, name in enumerate(names):
            x, y, z = at[_like(name, at)]
            row[index] = (
                900 + 0.3 * (x * np.cos(turn) - y * np.sin(turn)) + rng.normal(0, 3),
                500 - 0.3 * z + rng.normal(0, 3),
                0.9,
            )
    return out


def _like(name, at):
    """The place of a joint, or the nearest one that the people above have."""
    if name in at:
        return name
    side = next((side for side in SIDES if name.startswith(side)), '')
    for part, joint in (('toe', 'foot'), ('heel', 'ankle'), ('thumb', 'hand'), ('hand', 'hand')):
        if side and part in name:
            return f'{side}_{joint}'
    places = {'spine_base': 'mid_hip', 'thorax': 'neck', 'spine_shoulder': 'neck',
              'spine_mid': 'spine', 'neck_base': 'neck', 'upper_neck': 'neck'}  # fmt: skip
    return places.get(name, 'nose')
