"""What other tools read is what was found: files against independent readers."""

import csv
import errno

import numpy as np
import pytest
from errors import fails
from frame_results import predictions_of
from walks import STANDING, straight

from mmpose_ours.errors import InputError
from mmpose_ours.export.bvh_skeleton import SKELETON, aimed, places_of, shortest
from mmpose_ours.export.formats import FORMATS, write_timeline
from mmpose_ours.predictions.reading import read_predictions
from mmpose_ours.predictions.writing import write_predictions
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic.poses.bvh_reader import read_bvh, record_bvh
from mmpose_ours.synthetic.poses.mocap_names import coco_joints
from mmpose_ours.synthetic.poses.trc_reader import read_trc, record_trc
from mmpose_ours.tracking.trajectories import timeline_of

COCO17 = SKELETONS['coco17']


@pytest.fixture(scope='module')
def timeline():
    """Two people who swing their limbs; frame 103 is left out, joints are missing."""
    rng = np.random.default_rng(0)
    walks = np.stack([straight((0, 0), (900, 300), 12), straight((4000, 0), (4000, 1500), 12)])
    walks += rng.normal(0, 20, walks.shape)
    walks[:, :, 7:11] += rng.normal(0, 150, (2, 12, 4, 3))
    walks[0, 5, 9] = np.nan
    walks[1, :3] = np.nan
    frames, scores, ids, views = {}, {}, {}, {}
    for n in range(12):
        here = np.flatnonzero(np.isfinite(walks[:, n]).any((1, 2)))
        frame = 100 + n
        if n != 3:
            frames[frame], ids[frame] = walks[here, n], 2 + 3 * here
            scores[frame], views[frame] = 0.5 + 0.01 * n + 0.1 * here, 3 + here
    return timeline_of(predictions_of(frames, scores=scores, ids=ids, views=views, fps=50))


def y_up(xyz):
    return np.stack([xyz[..., 0], xyz[..., 2], -xyz[..., 1]], -1)


def test_csv(timeline, tmp_path):
    write_timeline(timeline, tmp_path / 'a.csv')
    with open(tmp_path / 'a.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 17 * (11 + 8)
    for row in rows[:: 17 + 3]:
        t, n = timeline.frames.index(int(row['frame'])), timeline.people.index(int(row['person']))
        j = COCO17.joints.index(row['joint'])
        xyz = [float(row[f'{axis}_mm']) for axis in 'xyz']
        np.testing.assert_allclose(xyz, timeline.poses[t, n, j], atol=5.1e-4)
        assert float(row['time_s']) == pytest.approx(int(row['frame']) / 50)
        assert float(row['score']) == pytest.approx(timeline.scores[t, n])
        assert int(row['views']) == 3 + n
    (missing,) = [row for row in rows if row['x_mm'] == '']
    assert (missing['frame'], missing['person'], missing['joint']) == ('105', '2', 'left_wrist')


def test_npz(timeline, tmp_path):
    write_timeline(timeline, tmp_path / 'a.npz')
    with np.load(tmp_path / 'a.npz', allow_pickle=False) as file:
        np.testing.assert_allclose(file['poses'], timeline.poses, atol=1e-3)
        assert file['poses'].shape == (12, 2, 17, 3)
        assert file['ids'].tolist() == [2, 5] and file['fps'] == 50
        assert file['frames'].tolist() == list(range(100, 112))
        assert file['joints'].tolist() == list(COCO17.joints)


def test_trc(timeline, tmp_path):
    write_timeline(timeline, tmp_path / 'a.trc')
    names, xyz, unit = read_trc(tmp_path / 'a.trc')
    assert unit == 'mm' and names[:2] == ['p2_nose', 'p2_left_eye'] and names[17] == 'p5_nose'
    np.testing.assert_allclose(xyz, y_up(timeline.poses).reshape(12, 34, 3), atol=5.1e-4)
    lines = (tmp_path / 'a.trc').read_text().splitlines()
    facts = dict(zip(lines[1].split('\t'), lines[2].split('\t')))
    assert float(facts['DataRate']) == 50 and facts['NumFrames'] == '12'
    assert facts['NumMarkers'] == '34'
    assert lines[5] == '' and len(lines) == 6 + 12
    assert {len(line.split('\t')) for line in lines[3:5] + lines[6:]} == {2 + 34 * 3}
    assert lines[9].split('\t')[:2] == ['103', '2.060000']
    assert set(lines[9].split('\t')[2:]) == {'NaN'}


def test_trc_of_each_person_with_z_up(timeline, tmp_path):
    files = write_timeline(timeline, tmp_path / 'a.trc', up='z', each=True)
    assert [file.name for file in files] == ['a_2.trc', 'a_5.trc']
    recording = record_trc(files[1])
    np.testing.assert_allclose(recording.xyz[:, 5:], timeline.poses[4:, 1, 5:], atol=5.1e-4)


@pytest.mark.parametrize('up', ['y', 'z'])
def test_c3d(timeline, tmp_path, up):
    pytest.importorskip('ezc3d', reason='C3D files are written by ezc3d')
    c3d = pytest.importorskip('c3d', reason='the package c3d is the independent reader')
    write_timeline(timeline, tmp_path / 'a.c3d', up=up)
    expected = timeline.poses if up == 'z' else y_up(timeline.poses)
    expected = expected.reshape(12, 34, 3)
    with open(tmp_path / 'a.c3d', 'rb') as file, pytest.warns(UserWarning, match='analog'):
        reader = c3d.Reader(file)
        points = np.stack([points for _, points, _ in reader.read_frames()])
    assert reader.point_rate == 50 and reader.get('POINT:UNITS').string_value == 'mm'
    assert [label.strip() for label in reader.point_labels] == timeline.markers()
    assert reader.get('POINT:Y_SCREEN').string_value.strip() == f'+{up.upper()}'
    missing = np.isnan(expected).any(-1)
    assert (points[missing, 3] == -1).all() and (points[~missing, 3] >= 0).all()
    np.testing.assert_allclose(points[~missing, :3], expected[~missing], atol=1e-3)


def test_c3d_that_is_cut_short_is_not_a_file(timeline, tmp_path, monkeypatch):
    """As ezc3d leaves it on a full disk, without a word."""
    ezc3d = pytest.importorskip('ezc3d', reason='C3D files are written by ezc3d')

    def write_half(self, path):
        whole(self, path)
        with open(path, 'r+b') as file:
            file.truncate(sizes.pop())

    whole = ezc3d.c3d.write
    monkeypatch.setattr(ezc3d.c3d, 'write', write_half)
    sizes = [0, 1000, 12 * 34 * 16 + 1200]
    while sizes:
        with fails(OSError, errno=errno.ENOSPC):
            write_timeline(timeline, tmp_path / 'a.c3d')
    assert list(tmp_path.iterdir()) == []


def test_c3d_of_many_people(tmp_path):
    """More labels than one list of C3D holds."""
    ezc3d = pytest.importorskip('ezc3d', reason='C3D files are written by ezc3d')
    crowd = STANDING + 1000 * np.arange(20)[:, None, None]
    write_timeline(timeline_of(predictions_of({0: crowd})), tmp_path / 'a.c3d')
    file = ezc3d.c3d(str(tmp_path / 'a.c3d'))
    point = file['parameters']['POINT']
    labels = point['LABELS']['value'] + point['LABELS2']['value']
    assert labels[-1] == 'p19_right_ankle' and len(labels) == 340
    np.testing.assert_allclose(file['data']['points'][:3, -17:, 0].T, crowd[-1], atol=1e-2)


def deepest(skeleton):
    """By bone the names of all bones from the root to it."""
    chains = {}
    for bone in skeleton:
        chains[bone.name] = [*chains.get(bone.parent, []), bone]
    return chains


@pytest.mark.parametrize('up', ['y', 'z'])
def test_bvh_is_within_what_limbs_vary(timeline, tmp_path, up):
    files = write_timeline(timeline, tmp_path / 'a.bvh', up=up)
    assert [file.name for file in files] == ['a_2.bvh', 'a_5.bvh']
    for person, file in zip(timeline.people, files):
        one = timeline.of(person)
        bvh = read_bvh(file)
        assert bvh.frame_time_s == pytest.approx(1 / 50)
        found = 10 * bvh.solve()[0]
        places = places_of(one.turned(up)[:, 0], 'coco17')
        place_of = {bone.name: bone.place for bone in SKELETON}
        shown = [bone for bone in SKELETON if bone.part == 'body']
        assert [joint.name for joint in bvh.joints] == [bone.name for bone in shown]
        compared = 0
        for index, (name, chain) in enumerate(deepest(shown).items()):
            off = np.linalg.norm(found[:, index] - places[place_of[name]], axis=-1)
            allowed = np.full(len(off), 0.02)  # four decimals of a degree, over a body
            for bone in chain:
                if bone.rest is not None:
                    bone_way = places[bone.place] - places[place_of[bone.parent]]
                    length = np.linalg.norm(bone_way, axis=-1)
                    allowed += np.abs(length - np.nanmedian(length))
            known = np.isfinite(off) & np.isfinite(allowed)
            assert (off[known] <= allowed[known]).all(), name
            compared += known.sum()
        assert compared > 0.85 * len(found) * len(shown)
        assert np.isfinite(found).all()


def test_bvh_in_another_reader(timeline, tmp_path):
    pybvh = pytest.importorskip('pybvh', reason='the package pybvh is the independent reader')
    for file in write_timeline(timeline, tmp_path / 'a.bvh'):
        bvh, ours = pybvh.read_bvh_file(file), read_bvh(file)
        assert bvh.joint_names == [joint.name for joint in ours.joints]
        assert bvh.frame_time == pytest.approx(0.02)
        np.testing.assert_allclose(bvh.joint_positions(), ours.solve()[0], atol=1e-6)
        recording = record_bvh(file)
        assert np.isfinite(recording.xyz[:, COCO17.index(*coco_joints(names(ours)))]).all()


def names(bvh):
    return [joint.name for joint in bvh.joints]


def test_bvh_leaves_out_what_is_never_seen(timeline, tmp_path):
    poses = np.repeat(STANDING[None, None], 4, 0)
    poses[:, :, COCO17.index('left_wrist', 'left_ear', 'nose')] = np.nan
    frames = dict(enumerate(poses))
    alone = timeline_of(predictions_of(frames))
    write_timeline(alone, tmp_path / 'a.bvh')
    joints = names(read_bvh(tmp_path / 'a.bvh'))
    assert sorted({bone.name for bone in SKELETON if bone.part == 'body'} - set(joints)) == [
        'Head',
        'LeftHand',
    ]
    for frame in frames.values():
        frame[:, COCO17.index('left_hip')] = np.nan
    hipless = timeline_of(predictions_of(frames))
    with fails(InputError, code='cannot-express', file=tmp_path / 'b.bvh', found=0):
        write_timeline(hipless, tmp_path / 'b.bvh')
    frames = {n: np.concatenate([pose, STANDING[None] + 3000]) for n, pose in frames.items()}
    two = timeline_of(predictions_of(frames))
    assert [file.name for file in write_timeline(two, tmp_path / 'c.bvh')] == ['c_1.bvh']
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize('joints', SKELETONS)
def test_every_skeleton_has_every_format(tmp_path, joints):
    pytest.importorskip('ezc3d', reason='C3D files are written by ezc3d')
    poses = np.random.default_rng(0).normal(0, 500, (5, 1, len(SKELETONS[joints]), 3))
    frames = dict(enumerate(poses))
    ids = {n: np.zeros(1, int) for n in frames}
    alone = timeline_of(predictions_of(frames, joints, ids=ids))
    for suffix in FORMATS:
        assert write_timeline(alone, tmp_path / f'a{suffix}')[0].is_file()
    assert 'Head' in names(read_bvh(tmp_path / 'a.bvh'))


def test_rotations_of_bones():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 50, 3))
    second[0], first[1] = 2 * first[0], 0  # no plane, no direction
    for axes in ('xy', 'yx', 'xz', 'zx', 'yz', 'zy'):
        turn = aimed(first, second, axes)
        np.testing.assert_allclose(np.linalg.det(turn), 1)
        i, j = ('xyz'.index(axis) for axis in axes)
        across = turn[2:, :, i] * np.linalg.norm(first[2:], axis=-1)[:, None]
        np.testing.assert_allclose(across, first[2:], atol=1e-12)
        assert (np.einsum('ti,ti->t', turn[2:, :, j], second[2:]) > 0).all()
    rest = np.array([0.0, -1, 0])
    first[0], first[2] = rest, -rest
    turn = shortest(rest, first)
    np.testing.assert_allclose(np.linalg.det(turn), 1)
    away = np.linalg.norm(first, axis=-1)[:, None]
    np.testing.assert_allclose((turn @ rest * away)[2:], first[2:], atol=1e-12)
    np.testing.assert_allclose(turn[0], np.eye(3), atol=1e-12)


def test_unknown_suffix(timeline, tmp_path):
    known = list(FORMATS)
    with fails(InputError, code='unknown-name', found='.fbx', expected=known):
        write_timeline(timeline, tmp_path / 'a.fbx')


@pytest.mark.parametrize('part', ['joint', 'skeleton'])
def test_npz_drops_no_null_characters(tmp_path, part):
    names = {'joint': ('a', ('x', 'x\0')), 'skeleton': ('a\0', ('x', 'y'))}
    mine = Skeleton(*names[part])
    write_predictions(tmp_path / 'p.json', {0: np.zeros((1, 2, 3))}, mine)
    one = timeline_of(read_predictions(tmp_path / 'p.json'), fps=30)
    with fails(InputError):
        write_timeline(one, tmp_path / 'p.npz')
    assert not (tmp_path / 'p.npz').exists()
