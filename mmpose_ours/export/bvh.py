"""BVH: one person as a skeleton with joint angles, for Blender, Maya, Unity and the like.

Format after Meredith and Maddock, "Motion Capture File Formats Explained" (2001), in centimetres,
as most programs take it. The angles are those of :mod:`bvh_skeleton`: bones keep the person's
median lengths, so a joint is off by no more than the lengths between it and the hips vary. BVH
cannot say that a joint is missing: bones keep turning evenly from where they were last seen to
where they are seen next. Feet and hands are joints like others, the face is the head.
"""

from __future__ import annotations

import warnings

import numpy as np
from scipy.spatial.transform import Rotation

from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.export.bvh_skeleton import (
    SKELETON,
    UP,
    Bone,
    aimed,
    bridged,
    places_of,
    shortest,
)
from mmpose_ours.io.disk.files import write_whole
from mmpose_ours.tracking.trajectories import UP_AXES, Timeline

MM_PER_CM = 10.0
# Turns about these axes in this order; the most common one.
ORDER = 'ZXY'
# From y up to z up.
_Z_FROM_Y = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])


def write_bvh(timeline: Timeline, path: PathLike, up: str = 'y') -> None:
    """Write one person over time as BVH, whole or not at all.

    Args:
        timeline: One person, see :meth:`mmpose_ours.tracking.trajectories.Timeline.of`.
        path: File to write.
        up: ``'y'``, as most programs expect, or ``'z'``.

    Raises:
        InputError: There is not one person, or the hips are never seen; or ``up`` is another
            axis.
        OSError: The file cannot be written.
    """
    if len(timeline.people) != 1:
        raise InputError(
            f'BVH holds one person, found {len(timeline.people)}; choose one',
            code='cannot-express',
            file=path,
            found=len(timeline.people),
            expected=1,
        )
    if up not in UP_AXES:
        raise InputError(
            f'up is {up!r}, expected y or z',
            code='unknown-name',
            found=up,
            expected=list(UP_AXES),
        )
    misfit = without_hips(timeline)
    if misfit:
        raise InputError(misfit, code='cannot-express', file=path, found=timeline.people[0])
    places = places_of(timeline.turned('y')[:, 0], timeline.joints)
    vectors = _bone_vectors(places)
    bones = [bone for bone in SKELETON if bone.rest is None or bone.name in vectors]
    bones = _connected(bones)
    in_world = _turns(bones, vectors, places)
    turns = _local(bones, in_world)
    offsets = {bone.name: _offset(bone, vectors, in_world) for bone in bones}
    root = bridged(places['mid_hip'])
    if up == 'z':
        turns = {name: _Z_FROM_Y @ turn @ _Z_FROM_Y.T for name, turn in turns.items()}
        offsets = {name: _Z_FROM_Y @ offset for name, offset in offsets.items()}
        root = root @ _Z_FROM_Y.T
    channels = [root / MM_PER_CM, *(_degrees(turns[bone.name]) for bone in bones)]
    motion = np.concatenate(channels, axis=1)
    with write_whole(path) as file:
        file.write('HIERARCHY\n' + '\n'.join(_hierarchy(bones, offsets, bones[0], '')) + '\n')
        file.write(f'MOTION\nFrames: {len(motion)}\nFrame Time: {1 / timeline.rate_hz:.8f}\n')
        for row in motion.tolist():
            file.write(' '.join(f'{value:.4f}' for value in row) + '\n')


def without_hips(timeline: Timeline) -> str:
    """Why one person cannot be written as BVH, ``''`` if they can."""
    if 'mid_hip' in places_of(timeline.poses[:, 0], timeline.joints):
        return ''
    return f'person {timeline.people[0]}: the hips are in no frame, and a skeleton hangs from them'


def bridged_frames(timeline: Timeline) -> dict[str, int]:
    """In how many frames of one person BVH shows a joint that is missing.

    Returns:
        By part of the skeleton (``'body'``, ``'feet'``, ``'hands'``), those that are ever seen.
    """
    places = places_of(timeline.poses[:, 0], timeline.joints)
    frames = {}
    for part in dict.fromkeys(bone.part for bone in SKELETON):
        used = [places[b.place] for b in SKELETON if b.part == part and b.place in places]
        if used:
            frames[part] = int((~np.isfinite(np.stack(used, 1)).all((1, 2))).sum())
    return frames


def _bone_vectors(places: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """By bone (T, 3) from its parent, bridged, scaled to nothing; of bones ever seen whole."""
    place_of = {bone.name: bone.place for bone in SKELETON}
    vectors = {}
    for bone in SKELETON:
        if bone.rest is not None and bone.place in places and place_of[bone.parent] in places:
            vector = places[bone.place] - places[place_of[bone.parent]]
            if np.isfinite(vector).all(-1).any():
                vectors[bone.name] = vector
    return vectors


def _connected(bones: list[Bone]) -> list[Bone]:
    """Those whose parents are all there."""
    kept: list[Bone] = []
    for bone in bones:
        if not bone.parent or bone.parent in {other.name for other in kept}:
            kept.append(bone)
    return kept


def _offset(bone: Bone, vectors: dict[str, np.ndarray], turns: dict[str, np.ndarray]) -> np.ndarray:
    """(3,) cm from the parent at rest."""
    if bone.rest is None:
        return np.zeros(3)
    if bone.rigid:
        seen = np.einsum('tji,tj->ti', turns[bone.parent], vectors[bone.name])
        return np.nanmedian(seen, axis=0) / MM_PER_CM
    return bone.rest * np.nanmedian(np.linalg.norm(vectors[bone.name], axis=-1)) / MM_PER_CM


def _turns(
    bones: list[Bone], vectors: dict[str, np.ndarray], places: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """By bone (T, 3, 3), bone to world."""
    frames = len(places['mid_hip'])
    ways = {name: bridged(vector) for name, vector in vectors.items()}
    hips = ways['LeftUpLeg'] - ways['RightUpLeg']
    trunk = ways.get('Chest', np.broadcast_to(UP, (frames, 3)))
    shoulders = ways['LeftArm'] - ways['RightArm'] if 'LeftArm' in ways else hips
    turns = {
        'Hips': aimed(hips, trunk, 'xy'),
        'Spine': aimed(trunk, shoulders, 'yx'),
        'Chest': aimed(shoulders, trunk, 'xy'),
    }
    for bone in bones:
        if bone.name in turns:
            continue
        before = turns[bone.parent]
        turns[bone.name] = before
        if bone.name == 'Head':
            turns['Head'] = _head(places, before)
        if bone.name.endswith('Foot'):
            turns[bone.name] = _foot(bone.name[:-4], ways, before)
        if bone.name.endswith('Hand'):
            turns[bone.name] = _hand(bone.name, ways, before)
        for child in bones:
            if child.parent == bone.name and child.rest is not None and not child.rigid:
                way = np.einsum('tji,tj->ti', before, ways[child.name])
                turns[bone.name] = before @ shortest(child.rest, way)
    return turns


def _head(places: dict[str, np.ndarray], neck: np.ndarray) -> np.ndarray:
    """(T, 3, 3) by ears and nose, where they were ever seen together; else as the neck."""
    if not {'left_ear', 'right_ear', 'nose'} <= set(places):
        return neck
    ears = places['left_ear'] - places['right_ear']
    ahead = places['nose'] - places['head']
    if not all(np.isfinite(vector).any() for vector in (ears, ahead)):
        return neck
    return aimed(bridged(ears), bridged(ahead), 'xz')


def _foot(side: str, ways: dict[str, np.ndarray], shank: np.ndarray) -> np.ndarray:
    """(T, 3, 3) by ankle, heel and toe; without a heel by the shank; as the shank without a toe."""
    toe, heel = ways.get(f'{side}ToeBase'), ways.get(f'{side}Heel')
    if toe is None:
        return shank
    return aimed(toe, shank @ UP, 'zy') if heel is None else aimed(toe - heel, -heel, 'zy')


def _hand(hand: str, ways: dict[str, np.ndarray], forearm: np.ndarray) -> np.ndarray:
    """(T, 3, 3) by wrist and the knuckles of forefinger and little finger, else as the forearm."""
    index, pinky = ways.get(f'{hand}Index1'), ways.get(f'{hand}Pinky1')
    if index is None or pinky is None:
        return forearm
    along = (index + pinky) * (1 if hand.startswith('Left') else -1)
    return aimed(along, index - pinky, 'xz')


def _local(bones: list[Bone], turns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """By bone (T, 3, 3), bone to parent."""
    return {
        bone.name: np.swapaxes(turns[bone.parent], 1, 2) @ turns[bone.name]
        if bone.parent
        else turns[bone.name]
        for bone in bones
    }


def _degrees(turns: np.ndarray) -> np.ndarray:
    """(T, 3) angles in :data:`ORDER`, without jumps of a full turn."""
    with warnings.catch_warnings():
        # With the middle angle at 90 degrees the others are not unique, but right.
        warnings.simplefilter('ignore', UserWarning)
        angles = Rotation.from_matrix(turns).as_euler(ORDER)
    return np.rad2deg(np.unwrap(angles, axis=0))


def _hierarchy(
    bones: list[Bone], offsets: dict[str, np.ndarray], bone: Bone, indent: str
) -> list[str]:
    """The lines of a bone and all that hangs on it."""
    inner = indent + '  '
    turns = ' '.join(f'{axis}rotation' for axis in ORDER)
    moves = '' if bone.parent else 'Xposition Yposition Zposition '
    children = [child for child in bones if child.parent == bone.name]
    lines = [
        f'{indent}{"JOINT" if bone.parent else "ROOT"} {bone.name}',
        f'{indent}{{',
        f'{inner}OFFSET {_numbers(offsets[bone.name])}',
        f'{inner}CHANNELS {3 if bone.parent else 6} {moves}{turns}',
    ]
    for child in children:
        lines += _hierarchy(bones, offsets, child, inner)
    if not children:
        lines += [f'{inner}End Site', f'{inner}{{', f'{inner}  OFFSET {_numbers(np.zeros(3))}',
                  f'{inner}}}']  # fmt: skip
    return [*lines, f'{indent}}}']


def _numbers(values: np.ndarray) -> str:
    return ' '.join(f'{value + 0.0:.4f}' for value in values.tolist())
