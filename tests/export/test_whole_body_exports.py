"""Files of people with 133 joints: feet, hands, faces and their uncertainty in every format."""

import csv
import json

import numpy as np
import pytest
from errors import fails
from scipy.spatial.transform import Rotation
from whole_people import walkers

from mmpose_ours.cli.main import main
from mmpose_ours.errors import InputError
from mmpose_ours.export.bvh import bridged_frames
from mmpose_ours.export.bvh_skeleton import SKELETON, places_of
from mmpose_ours.export.formats import write_timeline
from mmpose_ours.export.gaps import fill_gaps, longest_run
from mmpose_ours.export.markers import gap_notes, markers_of, program_names, with_midpoints
from mmpose_ours.predictions.reading import read_predictions, write_predictions
from mmpose_ours.structures.poses import Poses3D
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic.poses.trc_reader import read_trc
from mmpose_ours.synthetic.poses.whole_body import WHOLE_BODY
from mmpose_ours.tracking.trajectories import timeline_of

FRAMES = 12
LAST = WHOLE_BODY.joints[-1]


def bent(people):
    """The same people with a foot that rolls and a finger that bends, all segments rigid."""
    people = people.copy()
    for centre, moving, axis in (
        ('left_ankle', ('left_heel', 'left_big_toe', 'left_small_toe'), [0.08, 0.02, 0]),
        ('right_forefinger1', [f'right_forefinger{n}' for n in (2, 3, 4)], [0, 0.1, 0.05]),
        ('left_thumb2', ('left_thumb3', 'left_thumb4'), [0.1, 0, 0]),
    ):
        index, origin = WHOLE_BODY.index(*moving), WHOLE_BODY.index(centre)
        for t, frame in enumerate(people):
            turn = Rotation.from_rotvec(np.array(axis) * t).as_matrix()
            frame[:, index] = (frame[:, index] - frame[:, origin]) @ turn.T + frame[:, origin]
    return people


@pytest.fixture(scope='module')
def people_json(tmp_path_factory):
    """Two people whose left hands and last joints are missing now and then."""
    people = bent(walkers(frames=FRAMES))
    people[4:6, 0, WHOLE_BODY.index('left_thumb1', 'left_heel')] = np.nan
    people[7, :, -1] = np.nan
    std = np.random.default_rng(0).uniform(1, 30, people.shape[:3]).round(3)
    std[np.isnan(people[..., 0])] = np.nan
    path = tmp_path_factory.mktemp('people') / 'people.json'
    frames = {
        t: Poses3D(WHOLE_BODY, people[t], np.ones(2), np.array([3, 8]), std_mm=std[t])
        for t in range(FRAMES)
    }
    write_predictions(path, frames, WHOLE_BODY, fps=50)
    return path


@pytest.fixture(scope='module')
def timeline(people_json):
    return timeline_of(read_predictions(people_json))


def test_people_json(people_json, timeline):
    data = json.loads(people_json.read_text())
    assert data['joints'] == 'coco_wholebody'
    for t in range(FRAMES):
        for n in range(2):
            joints = [[np.nan] * 3 if j is None else j for j in data['frames'][str(t)][n]]
            np.testing.assert_array_equal(joints, timeline.poses[t, n])
            std = np.array(data['spread_mm'][str(t)][n], float)
            np.testing.assert_array_equal(std, timeline.std_mm[t, n])
    assert np.isnan(timeline.std_mm).sum() == 2 * 2 + 2


def test_csv(timeline, tmp_path):
    (file,) = write_timeline(timeline, tmp_path / 'a.csv')
    with open(file, newline='') as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) == FRAMES * 2 * 133
    assert {row['skeleton'] for row in rows} == {'coco_wholebody'}
    xyz = [[float(row[f'{axis}_mm'] or 'nan') for axis in 'xyz'] for row in rows]
    np.testing.assert_allclose(np.reshape(xyz, timeline.poses.shape), timeline.poses, atol=5e-4)
    std = np.reshape([float(row['std_mm'] or 'nan') for row in rows], timeline.std_mm.shape)
    np.testing.assert_allclose(std, timeline.std_mm, atol=5e-4)
    assert [row['joint'] for row in rows[:133]] == list(WHOLE_BODY.joints)


def test_npz(timeline, tmp_path):
    (file,) = write_timeline(timeline, tmp_path / 'a.npz')
    with np.load(file, allow_pickle=False) as data:
        np.testing.assert_allclose(data['poses'], timeline.poses, atol=1e-3)
        np.testing.assert_allclose(data['std_mm'], timeline.std_mm, rtol=1e-6)
        assert str(data['skeleton']) == 'coco_wholebody'
        assert data['joints'].tolist() == list(WHOLE_BODY.joints)


def table(path):
    """A TRC file's numbers (T, M, 3), by NumPy, and its header."""
    lines = path.read_text().splitlines()
    numbers = np.genfromtxt(path, skip_header=5, delimiter='\t')[:, 2:]
    names = [name for name in lines[3].split('\t')[2:] if name]
    return lines, names, numbers.reshape(len(numbers), len(names), 3)


def test_trc(timeline, tmp_path):
    trc, std = write_timeline(timeline, tmp_path / 'a.trc', up='z')
    lines, names, xyz = table(trc)
    assert lines[0].split('\t')[4:] == ['Skeleton', 'coco_wholebody']
    assert names[0] == 'p3_nose' and names[-1] == f'p8_{LAST}'
    np.testing.assert_allclose(xyz, timeline.poses.reshape(FRAMES, -1, 3), atol=5e-4)
    # OpenSim drops empty cells at the end of a row and then lacks a marker.
    assert all('' not in line.split('\t') for line in lines[6:])
    with open(std, newline='') as opened:
        rows = list(csv.DictReader(opened))
    assert {row['skeleton'] for row in rows} == {'coco_wholebody'}
    values = [[float(row[name] or 'nan') for name in names] for row in rows]
    np.testing.assert_allclose(values, timeline.std_mm.reshape(FRAMES, -1), atol=5e-4)


@pytest.mark.parametrize('people', [1, 2])
def test_c3d(timeline, tmp_path, people):
    """One person's standard deviations are channels; for those of two there are not enough."""
    pytest.importorskip('ezc3d', reason='C3D files are written by ezc3d')
    c3d = pytest.importorskip('c3d', reason='the package c3d is the independent reader')
    timeline = timeline.only(timeline.people[:people])
    file, *beside = write_timeline(timeline, tmp_path / 'a.c3d')
    assert [table.name for table in beside] == ['a.std.csv'][: people - 1]
    with open(file, 'rb') as opened:
        reader = c3d.Reader(opened)
        frames = [(points, analog) for _, points, analog in reader.read_frames()]
    points = np.stack([points for points, _ in frames])
    expected, missing = timeline.poses.reshape(FRAMES, -1, 3), timeline.std_mm.reshape(FRAMES, -1)
    there = np.isfinite(missing)
    assert (points[~there, 3] == -1).all()
    np.testing.assert_allclose(points[there, :3], expected[there], atol=1e-3)
    if people == 1:
        stds = np.stack([analog[:, 0] for _, analog in frames])
        np.testing.assert_allclose(stds, np.where(there, missing, -1), rtol=1e-6)
    assert reader.get('SKELETON:NAME').string_value.strip() == 'coco_wholebody'
    shown = [label.strip() for label in reader.point_labels]
    assert shown[:133] == timeline.markers()[:133]


def test_bvh(timeline, tmp_path):
    pybvh = pytest.importorskip('pybvh', reason='the package pybvh is the independent reader')
    files = write_timeline(timeline, tmp_path / 'a.bvh')
    assert [file.name for file in files] == [
        'a_3.bvh', 'a_8.bvh', 'a_3.std.csv', 'a_8.std.csv'
    ]  # fmt: skip
    for person, file in zip(timeline.people, files):
        one = timeline.of(person)
        bvh = pybvh.read_bvh_file(file)
        places = places_of(one.turned('y')[:, 0], one.joints)
        assert bvh.joint_names == [bone.name for bone in SKELETON]
        found = dict(zip(bvh.joint_names, 10 * np.moveaxis(bvh.joint_positions(), 1, 0)))
        for bone in SKELETON:
            # Segments of these people are rigid; only the head is between ears, not a joint.
            off = np.linalg.norm(found[bone.name] - places[bone.place], axis=-1)
            assert np.nanmax(off) < 0.1, bone.name
        assert all(np.isfinite(positions).all() for positions in found.values())
    assert bridged_frames(timeline.of(3)) == {'body': 0, 'feet': 2, 'hands': 3}


@pytest.mark.parametrize('joints', ['halpe26', 'body25', 'blazepose33'])
def test_bvh_of_coarse_hands_and_feet(joints, tmp_path):
    """BlazePose has three fingers and two points per foot."""
    poses = np.random.default_rng(0).normal(0, 500, (6, 1, len(SKELETONS[joints]), 3))
    frames = {n: Poses3D(SKELETONS[joints], xyz, np.ones(1), np.zeros(1, int))
              for n, xyz in enumerate(poses)}  # fmt: skip
    write_predictions(tmp_path / 'people.json', frames, joints)
    one = timeline_of(read_predictions(tmp_path / 'people.json'), fps=30)
    (file,) = write_timeline(one, tmp_path / 'a.bvh')
    found = set(file.read_text().split())
    assert {'LeftToeBase', 'RightHeel'} <= found
    assert ('LeftHandPinky1' in found) == (joints == 'blazepose33')


def test_for_opensim(people_json, timeline, tmp_path, capsys):
    """Metres, y up, (y, z, x), Pose2Sim's names, a file for each person, short gaps filled."""
    out = tmp_path / 'walk.trc'
    assert main(['export', str(people_json), str(out), '--for', 'opensim']) == 0
    printed = capsys.readouterr().out
    assert 'LHeel' in printed
    files = sorted(file.name for file in tmp_path.iterdir())
    assert files == ['walk_3.std.csv', 'walk_3.trc', 'walk_8.std.csv', 'walk_8.trc']
    lines, names, xyz = table(tmp_path / 'walk_3.trc')
    facts = dict(zip(lines[1].split('\t'), lines[2].split('\t')))
    assert facts['Units'] == 'm' and facts['NumMarkers'] == str(len(names)) == '135'
    ours = timeline.poses[:, 0]
    for name, joint in (
        ('RAnkle', 'right_ankle'), ('LBigToe', 'left_big_toe'), ('LPinky', 'left_pinky_finger1'),
        ('RThumb', 'right_thumb2'), ('RThumb1', 'right_thumb1'), ('Jaw1', 'face-0'),
        ('Mouth20', 'face-67'), ('LIndex2', 'left_forefinger2'),
    ):  # fmt: skip
        expected = ours[:, WHOLE_BODY.index(joint)[0]][:, [1, 2, 0]] / 1000
        np.testing.assert_allclose(xyz[:, names.index(name)], expected, atol=1e-6)
    hips = ours[:, WHOLE_BODY.index('left_hip', 'right_hip')].mean(1)[:, [1, 2, 0]] / 1000
    np.testing.assert_allclose(xyz[:, names.index('Hip')], hips, atol=1e-6)
    heel = WHOLE_BODY.index('left_heel')[0]
    known = np.isfinite(ours[:, heel, 0])
    filled = 1000 * xyz[:, names.index('LHeel')][:, [2, 0, 1]]
    np.testing.assert_allclose(filled[known], ours[known, heel], atol=1e-3)
    truth = bent(walkers(frames=FRAMES))[:, 0, heel]
    assert np.linalg.norm(filled - truth, axis=-1).max() < 3
    with open(tmp_path / 'walk_3.std.csv', newline='') as opened:
        stds = [row['LHeel'] for row in csv.DictReader(opened)]
    assert [index for index, std in enumerate(stds) if std == ''] == [4, 5]


def test_for_a_program_is_trc_only(timeline, tmp_path):
    with fails(InputError, code='cannot-express', found='.csv', expected=['.trc']):
        write_timeline(timeline, tmp_path / 'a.csv', program='opensim')
    with fails(InputError, code='unknown-name', found='visual3d'):
        write_timeline(timeline, tmp_path / 'a.trc', program='visual3d')
    with fails(InputError, code='unknown-name', found='visual3d'):
        markers_of(timeline, 'y', 'visual3d')


@pytest.mark.parametrize('name', SKELETONS)
def test_every_marker_has_a_name_of_its_own(name):
    names = program_names(with_midpoints(SKELETONS[name]))
    assert len(set(names)) == len(names) and all(name.isidentifier() for name in names)


# The markers of Pose2Sim 0.10's Markers_*.xml by skeleton of ours.
_SIDED = ('Shoulder', 'Elbow', 'Wrist', 'Hip', 'Knee', 'Ankle')
_FEET = ('BigToe', 'SmallToe', 'Heel')
MODELS = {
    'coco17': (('Nose', 'Neck'), _SIDED),
    'halpe26': (('Nose', 'Head', 'Neck', 'Hip'), _SIDED + _FEET),
    'halpe136': (('Nose', 'Head', 'Neck', 'Hip'), (*_SIDED, *_FEET, 'Thumb', 'Index', 'Pinky')),
    'body25': (('Nose', 'Neck', 'CHip'), _SIDED + _FEET),
    'body25_hands': (('Nose', 'Neck', 'CHip'), _SIDED + _FEET),
    'body25b': (('Nose', 'Head', 'Neck'), _SIDED + _FEET),
    'coco_wholebody': (('Nose',), (*_SIDED, *_FEET, 'Eye', 'Thumb', 'Index', 'Pinky')),
    'blazepose33': (
        ('Nose',),
        (*_SIDED, 'Eye', 'BigToe', 'Heel', 'Thumb', 'Pinky', 'Index'),
    ),
}


@pytest.mark.parametrize('name', MODELS)
def test_models_find_their_markers(name):
    middle, sided = MODELS[name]
    wanted = {*middle, *(side + part for part in sided for side in 'LR')}
    assert wanted <= set(program_names(with_midpoints(SKELETONS[name])))


def test_gaps():
    """A parabola is followed; long gaps and both ends stay open."""
    t = np.arange(40.0)
    truth = np.stack([t**2, 10 * t, np.ones(40)], -1)[:, None]
    xyz = truth.copy()
    for gap in (slice(0, 2), slice(10, 14), slice(20, 26), slice(38, 40)):
        xyz[gap] = np.nan
    filled, where = fill_gaps(xyz, rate_hz=25.0)
    assert np.flatnonzero(where).tolist() == [10, 11, 12, 13]
    assert np.abs(filled - truth)[where].max() < 2
    np.testing.assert_array_equal(filled[~where], xyz[~where])
    np.testing.assert_array_equal(fill_gaps(xyz, rate_hz=5.0)[1], np.zeros((40, 1), bool))


def test_longest_run():
    assert longest_run(np.array([True, False, True, True, False])) == slice(2, 4)
    assert longest_run(np.zeros(3, bool)) == slice(0, 0)


def test_a_marker_that_is_never_seen_does_not_hide_the_others(tmp_path):
    poses = np.repeat(walkers(count=1, frames=1), 6, 0)
    poses[:, :, WHOLE_BODY.index('left_heel')] = np.nan
    poses[0, :, WHOLE_BODY.index('right_heel')] = np.nan
    write_predictions(tmp_path / 'people.json', dict(enumerate(poses)), WHOLE_BODY)
    one = timeline_of(read_predictions(tmp_path / 'people.json'), fps=30)
    markers = markers_of(one, 'y', 'pose2sim')
    assert np.isnan(markers.xyz[:, markers.names.index('LHeel')]).all()
    assert not markers.filled.any() and markers.std_mm is None
    assert [file.name for file in write_timeline(one, tmp_path / 'a.trc', program='pose2sim')] == [
        'a.trc'
    ]
    names, xyz, unit = read_trc(tmp_path / 'a.trc')
    assert unit == 'm' and np.isnan(xyz[0, names.index('RHeel')]).all()


def test_notes_give_the_longest_time_without_gaps(tmp_path):
    poses = np.repeat(walkers(count=1, frames=1), 30, 0)
    poses[:, :, WHOLE_BODY.index('left_heel')] = np.nan
    poses[4:12, :, WHOLE_BODY.index('right_knee')] = np.nan
    poses[20, :, WHOLE_BODY.index('right_wrist')] = np.nan
    write_predictions(tmp_path / 'people.json', dict(enumerate(poses)), WHOLE_BODY)
    filled, never, lost = gap_notes(timeline_of(read_predictions(tmp_path / 'people.json'), fps=20))
    assert 'RWrist' in filled and 'LHeel' in never and 'RKnee' in lost
    assert '0.6 to 1.45 s' in lost
