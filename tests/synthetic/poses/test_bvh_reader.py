import re

import numpy as np
import pytest
from errors import fails
from limited_process import run_limited
from mocap_files import COCO17, body_joints, cmu_places, people, write_bvh
from scipy.spatial.transform import Rotation

from mmpose_ours.calibration.world_axes import Z_UP_FROM
from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.synthetic.poses.anthropometry import joint_of
from mmpose_ours.synthetic.poses.body_model import FACE
from mmpose_ours.synthetic.poses.bvh_reader import CHANNELS, read_bvh
from mmpose_ours.synthetic.poses.mocap import LEG_MM, MIN_UPRIGHT
from mmpose_ours.synthetic.poses.pose_bank import HIPS_MM
from mmpose_ours.synthetic.poses.sources import read_bank, read_source

CHAIN = """HIERARCHY
ROOT Hips
{{
\tOFFSET 1.0 2.0 3.0
\tCHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
\tJOINT Bip01 L Thigh {{
\t\tOFFSET\t0 -4.0 0.5
\t\tCHANNELS 3 Yrotation Xrotation Zrotation
\t\tJOINT Knee
\t\t{{
\t\t\tOFFSET 0 -4.5 0
\t\t\tCHANNELS 6 {positions} Zrotation Yrotation Xrotation
\t\t\tEnd Site
\t\t\t{{
\t\t\t\tOFFSET 0 -1 0
\t\t\t}}
\t\t}}
\t}}
}}
MOTION
Frames: 5
Frame Time: 0.008333
{rows}
"""


@pytest.mark.parametrize('instead', [False, True])
def test_forward_kinematics_against_scipy(tmp_path, instead):
    rng = np.random.default_rng(0)
    rows = rng.uniform(-170, 170, (5, 15))
    rows[:, 9:12] = rng.uniform(-0.2, 0.2, (5, 3))  # a knee that moves a little in its socket
    knee = np.array([0, -4.5, 0]) + rows[:, 9:12]
    if instead:
        rows[:, 9:12] = knee
    path = tmp_path / 'chain.bvh'
    path.write_text(
        CHAIN.format(
            positions='Xposition Yposition Zposition',
            rows='\n'.join(' '.join(map(repr, row)) for row in rows.tolist()),
        )
    )
    bvh = read_bvh(path)
    assert [joint.name for joint in bvh.joints] == ['Hips', 'Bip01 L Thigh', 'Knee']
    places, rotations = bvh.solve()
    # SciPy's capital letters are intrinsic rotations: each about the axes turned so far.
    hips, thigh, shank = (
        Rotation.from_euler(order, rows[:, first : first + 3], degrees=True)
        for order, first in (('ZXY', 3), ('YXZ', 6), ('ZYX', 12))
    )
    bones = np.diff(places, axis=1)
    assert np.ptp(places[:, 0] - rows[:, :3], axis=0).max() < 1e-9
    np.testing.assert_allclose(bones[:, 0], hips.apply([0, -4, 0.5]), atol=1e-9)
    np.testing.assert_allclose(bones[:, 1], (hips * thigh).apply(knee), atol=1e-9)
    np.testing.assert_allclose(rotations[:, 2], (hips * thigh * shank).as_matrix(), atol=1e-9)


@pytest.mark.parametrize(
    'unit_mm, said',
    [(10.0, 'cm'), (1.0, 'mm'), (1000.0, 'm'), (25.4 / 0.45, 'CMU'), (25.4, 'inch')],
)
def test_a_walk_comes_back_in_millimetres_with_z_up(tmp_path, unit_mm, said):
    poses = people()
    source = read_source(write_bvh(tmp_path / 'walk.bvh', cmu_places(poses + 500.0, unit_mm)))
    assert source.kind == 'BVH' and f'unit {said}' in source.note and 'y up' in source.note
    body = COCO17.index(*body_joints())
    difference = source.bank.poses[:, body] - poses[:, body]
    np.testing.assert_allclose(difference[..., :2], 0, atol=0.05)
    # The floor is found by the ankles: one height for the whole recording.
    assert np.ptp(difference[..., 2]) < 0.05 and abs(difference[0, 0, 2]) < 40
    assert source.bank.visible[:, body].all() and source.bank.visible[:, :5].sum() == 0


def test_a_given_unit_and_axis_win(tmp_path):
    poses = people()
    path = write_bvh(tmp_path / 'walk.bvh', cmu_places(poses, 37.0))
    with fails(FileFormatError, code='missing-value', file=path, expected=LEG_MM) as caught:
        read_bank(path)
    assert f'unit={800 / caught.value.found:.4g} for legs' in str(caught.value), 'what to say'
    bank = read_source(path, unit='37', up='y').bank
    np.testing.assert_allclose(bank.poses[:, 5], poses[:, 5], atol=40)
    with fails(FileFormatError, code='out-of-range', file=path, expected=HIPS_MM) as caught:
        read_source(path, unit='m')
    assert 'unit=... and up=...' in str(caught.value), 'what to say'
    with fails(InputError, code='unknown-name', found='w', expected=list(Z_UP_FROM)):
        read_source(path, up='w')


def test_a_face_turns_with_the_head_however_its_bone_rests(tmp_path):
    poses = people(200, actions=('stand', 'walk'))
    names = [name if name in FACE else name.replace('right', 'left') for name in COCO17.joints[:5]]
    offsets = np.array([FACE[name] for name in names]) * [
        (1, -1 if joint.startswith('right') else 1, 1) for joint in COCO17.joints[:5]
    ]
    # How each head is turned, recognised by SciPy from the face itself.
    heads = [
        Rotation.align_vectors(p[:5] - p[:5].mean(0), offsets - offsets.mean(0))[0].as_matrix()
        for p in poses
    ]
    rest = Rotation.from_euler('ZXY', [70, -30, 110], degrees=True)
    places = cmu_places(poses, 10.0, turn=np.eye(3))
    places['Head'] = joint_of(poses, 'mid_ear') / 10 - (0, 0, 4)
    turned = (Rotation.from_matrix(heads) * rest).as_euler('ZXY', degrees=True)
    bank = read_bank(write_bvh(tmp_path / 'talk.bvh', places, {'Head': turned}))
    assert bank.visible.all()
    off = np.linalg.norm(
        (bank.poses[:, :5] - joint_of(bank.poses, 'mid_shoulder')[:, None])
        - (poses[:, :5] - joint_of(poses, 'mid_shoulder')[:, None]), axis=-1,
    )  # fmt: skip
    # Statures differ, and these people look 8 degrees down on average, which nobody can know.
    assert np.median(off) < 25 and off.max() < 80


def broken(path, change):
    path.write_text(change(path.read_text()))
    return path


@pytest.mark.parametrize(
    'change, code, field, value, line',
    [
        (lambda text: text[:-200], 'damaged', 'expected', ('20', 78), ''),
        (lambda text: text.partition('MOTION')[0], 'no-data', 'expected', 'MOTION', ''),
        (
            lambda text: text.replace('LeftUpLeg', 'Bone1'),
            'missing-value',
            'expected',
            ['left_hip'],
            '',
        ),
        (
            lambda text: text.replace('OFFSET 0 0 0', 'OFFSET 0 0', 1),
            'file-format',
            'found',
            'OFFSET 0 0',
            'line 3',
        ),
        (
            lambda text: text.replace('Zrotation', 'Wrotation', 1),
            'file-format',
            'expected',
            f'CHANNELS, how many, and of {", ".join(CHANNELS)}',
            'line 4',
        ),
        (lambda text: text.replace('}\nMOTION', 'MOTION'), 'damaged', 'found', (13, 1), ''),
        (
            lambda text: text.replace('}\nMOTION', '}\nROOT Two\n{\n}\nMOTION'),
            'file-format',
            'found',
            'ROOT Two',
            'line',
        ),
    ],
)
def test_a_broken_file_says_where_and_why(tmp_path, change, code, field, value, line):
    path = write_bvh(tmp_path / 'walk.bvh', cmu_places(people()))
    with fails(FileFormatError, code=code, file=path, **{field: value}) as caught:
        read_bank(broken(path, change))
    assert line in str(caught.value), 'lines are no field'


def test_people_who_are_upright_along_no_axis_need_an_up_axis(tmp_path):
    # Takes z to the diagonal of the cube.
    slanted = Rotation.from_rotvec(np.array([-1, 1, 0]) / 2**0.5 * np.arccos(3**-0.5))
    poses = people(actions=('stand',)) @ slanted.as_matrix().T
    path = write_bvh(tmp_path / 'slanted.bvh', cmu_places(poses, turn=np.eye(3)))
    with fails(FileFormatError, code='ambiguous', file=path, expected=MIN_UPRIGHT) as caught:
        read_bank(path)
    assert 'up=...' in str(caught.value), 'what to say'


def test_chosen_joints_are_those_of_all(tmp_path):
    bvh = read_bvh(write_bvh(tmp_path / 'walk.bvh', cmu_places(people())))
    places, rotations = bvh.solve()
    assert places.shape == (20, len(bvh.joints), 3)
    for chosen in ([5, 0, 5], [3], [len(bvh.joints) - 1, 1]):
        some_places, some_rotations = bvh.solve(chosen)
        np.testing.assert_array_equal(some_places, places[:, chosen])
        np.testing.assert_array_equal(some_rotations, rotations[:, chosen])


def test_joints_times_frames_need_not_fit_into_memory(tmp_path):
    """Joints without channels cost a line each; 9,000 of them over 2,000 frames would be 1.7 GB."""
    path = write_bvh(tmp_path / 'walk.bvh', cmu_places(people(2000)))
    head, motion = path.read_text().split('}\nMOTION')
    head += 'JOINT extra {\nOFFSET 0 0 0\n}\n' * 9000
    path.write_text(head + '}\nMOTION' + motion)
    code = 'import sys; from mmpose_ours.synthetic.poses.sources import read_bank as read\n'
    child = run_limited(code + 'print(len(read(sys.argv[1])))', path)
    assert child.stdout == '2000\n', child.stderr


@pytest.mark.parametrize(
    'change',
    [
        lambda text: text.replace('OFFSET 0 0 0', 'OFFSET 0 0 nan', 1),
        lambda text: text.replace('OFFSET 0 0 0', 'OFFSET 0 0 1e300', 1),
        lambda text: text.replace('Frames: 20', 'Frames: ' + '9' * 5000),
        lambda text: text.replace('Frames: 20', 'Frames: \u0662\u0660'),
        lambda text: text.replace('Frame Time: 0', 'Frame Time: inf 0'),
        lambda text: text[:-10] + '1_0\n',
        lambda text: text[:-10] + '1e200\n',
        lambda text: text.replace('CHANNELS 6', 'CHANNELS 12 ' + 'Xrotation ' * 6, 1),
        lambda text: text.replace('ROOT', 'ROOT a {\n' + 'JOINT b {\n' * 150 + 'JOINT', 1),
    ],
)
def test_impossible_numbers_are_refused(tmp_path, change):
    path = broken(write_bvh(tmp_path / 'walk.bvh', cmu_places(people())), change)
    with fails(FileFormatError, file=path) as caught:
        read_bank(path)
    assert caught.value.code in ('damaged', 'file-format', 'limit-exceeded')
    assert str(path) in str(caught.value) and len(str(caught.value)) < 500


def test_frames_of_hardly_a_number_are_refused_before_they_take_memory(tmp_path):
    """Two bytes a frame became 1,300: 600,000 frames of joints that never move took a gigabyte."""
    path = write_bvh(tmp_path / 'walk.bvh', cmu_places(people()))
    head = re.sub('CHANNELS.*\n', '', path.read_text().partition('MOTION')[0])
    head = head.replace('OFFSET', 'CHANNELS 1 Xposition\nOFFSET', 1)
    path.write_text(f'{head}MOTION\nFrames: 600000\nFrame Time: 0.01\n{"1 " * 600_000}\n')
    code = """
import sys
from mmpose_ours.errors import FileFormatError
from mmpose_ours.synthetic.poses.bvh_reader import record_bvh
try:
    record_bvh(sys.argv[1])
except FileFormatError as error:
    print(error.file, error.found)
"""
    done = run_limited(code, path, memory=1000 << 20)
    assert done.stdout.strip() == f'{path} (600000, 1)', done.stderr
