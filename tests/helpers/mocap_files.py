"""Writers of small recordings, in the formats that other programs write."""

import numpy as np

from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic import built_in_poses

COCO17 = SKELETONS['coco17']
# From z up to y up, right-handed.
Y_UP = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
CMU_NAMES = dict(
    shoulder='Arm', elbow='ForeArm', wrist='Hand', hip='UpLeg', knee='Leg', ankle='Foot'
)


def people(count=20, seed=0, actions=('stand', 'walk', 'reach')):
    """(N, 17, 3) millimetres, z up."""
    return built_in_poses(count, np.random.default_rng(seed), actions)


def body_joints():
    """COCO's joints without the face, by name."""
    return [name for name in COCO17.joints if name.split('_')[-1] in CMU_NAMES]


def write_bvh(path, places, rotations=None, frame_time=1 / 30):
    """Every joint hangs on the root and has positions; head rotations are degrees z, x, y.

    Args:
        path: The file.
        places: Joint name to (T, 3), in the file's unit and axes.
        rotations: Joint name to (T, 3) degrees.
    """
    order = 'Xposition Yposition Zposition Zrotation Xrotation Yrotation'
    lines, columns = ['HIERARCHY', 'ROOT Hips {', 'OFFSET 0 0 0', f'CHANNELS 6 {order}'], []
    frames = len(next(iter(places.values())))
    columns.append(np.zeros((frames, 6)))
    for name, xyz in places.items():
        turn = (
            np.zeros((frames, 3)) if rotations is None or name not in rotations else rotations[name]
        )
        lines += [f'JOINT {name}', '{', 'OFFSET 0 0 0', f'CHANNELS 6 {order}',
                  'End Site', '{', 'OFFSET 0 1 0', '}', '}']  # fmt: skip
        columns.append(np.concatenate([xyz, turn], axis=1))
    lines += ['}', 'MOTION', f'Frames: {frames}', f'Frame Time: {frame_time:.6f}']
    lines += [' '.join(f'{v:.6f}' for v in row) for row in np.concatenate(columns, axis=1)]
    path.write_text('\n'.join(lines) + '\n')
    return path


def cmu_places(poses, unit_mm=10.0, turn=Y_UP):
    """Joints of COCO people under MotionBuilder's names."""
    places = {}
    for name in body_joints():
        side, part = name.split('_')
        xyz = poses[:, COCO17.index(name)[0]] @ turn.T / unit_mm
        places[f'{side.capitalize()}{CMU_NAMES[part]}'] = xyz
    return places


def write_trc(path, markers, unit='m', hidden=()):
    """Write a TRC file: markers by name (T, 3); ``hidden`` are (frame, name) left empty."""
    names = list(markers)
    frames = len(markers[names[0]])
    lines = [
        f'PathFileType\t4\t(X/Y/Z)\t{path.name}',
        'DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\t'
        'OrigNumFrames',
        f'60\t60\t{frames}\t{len(names)}\t{unit}\t60\t0\t{frames}',
        'Frame#\tTime\t' + '\t\t\t'.join(names) + '\t\t',
        '\t\t' + '\t'.join(f'X{i}\tY{i}\tZ{i}' for i in range(1, len(names) + 1)),
        '',
    ]
    for frame in range(frames):
        cells = [str(frame), f'{frame / 60:.3f}']
        for name in names:
            here = ['', '', ''] if (frame, name) in hidden else markers[name][frame].round(6)
            cells += [str(value) for value in here]
        lines.append('\t'.join(cells))
    path.write_text('\n'.join(lines) + '\n')
    return path
