"""Measured rooms: floor points, marked pixels, distances, and sources that exclude each other."""

import numpy as np
import pytest
from calibration_rigs import people_points, ring_rig
from lost_rigs import TURNS, heights_and_distances, lost_world, up_error_degrees

from mmpose_ours.calibration import CalibrationError
from mmpose_ours.calibration.alignment.align import Evidence, align, strange_about
from mmpose_ours.calibration.alignment.level import rotation_onto_z
from mmpose_ours.calibration.alignment.similarity import (
    Similarity,
    fit_floor,
    triangulate_floor,
)
from mmpose_ours.geometry.rig import CameraRig

FLOOR_POINTS = np.array([[0.0, 0, 0], [3000, 100, 0], [-200, 2500, 0]])


class TestSimilarity:
    def test_moves_points_and_cameras_alike(self):
        lost, rig = lost_world(3), ring_rig()
        points = people_points(200)
        np.testing.assert_allclose(
            lost.of_rig(rig).project(lost(points))[0], rig.project(points)[0], rtol=0, atol=1e-7
        )

    def test_one_after_the_other(self):
        first, second, points = lost_world(1), lost_world(2), people_points(10)
        both = second.after(first)
        np.testing.assert_allclose(both(points), second(first(points)), rtol=1e-12)
        homogeneous = np.concatenate([points, np.ones((10, 1))], 1) @ both.matrix.T
        np.testing.assert_allclose(homogeneous[:, :3], both(points), rtol=1e-12)


@pytest.mark.parametrize('tiny', [0, 1e-12, 1e-9, 1e-6, 2e-6, 1e-3])
@pytest.mark.parametrize('sign', [1, -1])
def test_turning_upright_is_a_rotation_however_close_to_the_axis(tiny, sign):
    up = np.array([tiny, -tiny / 2, sign])
    up /= np.linalg.norm(up)
    R = rotation_onto_z(up)
    np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-15)
    np.testing.assert_allclose(R @ up, (0, 0, 1), atol=1e-15)
    assert np.linalg.det(R) > 0


class TestThreeFloorPointsAndADistance:
    @pytest.mark.parametrize('turn', TURNS.values(), ids=TURNS)
    @pytest.mark.parametrize('seed', range(4))
    def test_recover_any_world_exactly(self, turn, seed):
        true, lost = ring_rig(), lost_world(seed, turn)
        measured = float(np.linalg.norm(true['cam0'].center_w - true['cam2'].center_w))
        evidence = Evidence(
            floor_points=lost(FLOOR_POINTS),
            distance=('cam0', 'cam2', measured),
        )
        done = align(lost.of_rig(true), evidence)
        for found, expected in zip(heights_and_distances(done.rig), heights_and_distances(true)):
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * np.ptp(expected))
        np.testing.assert_allclose(done.transform.scale, 1 / lost.scale, rtol=1e-9)
        floor = done.transform(lost(FLOOR_POINTS))
        np.testing.assert_allclose(floor[:, 2], 0, atol=1e-9 * 4000)
        assert done.figures['floor']['residual_mm'] < 1e-6
        assert not strange_about(done.rig, None)

    def test_distance_between_points(self):
        rig = ring_rig().in_world(np.eye(3), 0.25)
        done = align(rig, Evidence(distance=(np.zeros(3), np.array([0, 300, 400.0]), 2000.0)))
        assert done.figures['scale']['factor'] == pytest.approx(4)
        np.testing.assert_allclose(done.rig.centers_w[:, 2], ring_rig().centers_w[:, 2])
        assert done.figures['up']['by'] is None and 'stays' in done.figures['up']['sentence']
        assert done.figures['floor']['by'] is None

    def test_least_squares_of_many(self):
        rng = np.random.default_rng(0)
        points = rng.uniform(-3000, 3000, (400, 3)) * (1, 1, 0)
        points[:, 2] = rng.normal(0, 20, 400)
        plane = fit_floor(points, ring_rig())
        assert np.degrees(np.arccos(plane.up[2])) < 0.1
        assert plane.residual == pytest.approx(20, rel=0.1)

    @pytest.mark.parametrize('side', [1, -1])
    def test_up_is_where_the_cameras_are(self, side):
        points = FLOOR_POINTS + (0, 0, 2500 + 3000 * side)
        assert fit_floor(points, ring_rig()).up[2] == pytest.approx(-side)

    @pytest.mark.parametrize(
        ('points', 'part'),
        [
            (FLOOR_POINTS[:2], '2 floor points, expected three or more'),
            (np.arange(12.0).reshape(4, 3), 'lie on one line, so'),
            (np.zeros((3, 3)), 'lie on one line, so'),
            (FLOOR_POINTS[[0, 1, 1, 0]], 'lie on one line, so'),
            (FLOOR_POINTS * (1, 0.01, 1), r'one line \(they are 0\.\d% as wide as long\), so'),
            (np.concatenate([FLOOR_POINTS, [[0, 0, 3000.0]]]), 'are no plane'),
            (FLOOR_POINTS + (0, 0, 2530), 'on both sides'),
        ],
    )
    def test_points_that_do_not_tell(self, points, part):
        with pytest.raises(CalibrationError, match=part):
            fit_floor(points, ring_rig())


class TestFloorPixels:
    @pytest.fixture
    def marks(self):
        """Of a rig with strong distortion, every third point unseen by the first camera."""
        rig = ring_rig(dist=(-0.21, 0.17, 0.0004, -0.0007, 0.02))
        points = np.array([[0.0, 0, 0], [500, 100, 0], [-200, 700, 0], [400, -300, 0]])
        pixels = {c.name: c.project(points)[0].tolist() for c in list(rig)[:3]}
        pixels['cam0'][2] = None
        return rig, points, pixels

    @pytest.mark.parametrize('seed', range(3))
    def test_where_they_are_in_any_world(self, marks, seed):
        rig, points, pixels = marks
        lost = lost_world(seed)
        found, error_px = triangulate_floor(lost.of_rig(rig), pixels)
        np.testing.assert_allclose(found, lost(points), rtol=1e-6, atol=1e-6 * 4000 * lost.scale)
        assert error_px.max() < 1e-4
        done = align(lost.of_rig(rig), Evidence(floor_pixels=pixels, unit_given=True))
        assert up_error_degrees(done.rig, rig) < 1e-4
        assert len(done.figures['up']['floor_points_error_px']) == 4

    @pytest.mark.parametrize(
        ('change', 'part'),
        [
            (lambda p: p.update(cam9=p.pop('cam1')), "no camera 'cam9'"),
            (lambda p: p['cam1'].pop(), 'every camera must list the same points'),
            (lambda p: p.clear(), 'found none'),
            (lambda p: p['cam1'].__setitem__(2, None), 'point 3 is marked in only one camera'),
            (
                lambda p: p['cam2'].__setitem__(2, None) or p['cam1'].__setitem__(2, None),
                'point 3 is marked in no camera',
            ),
            (lambda p: p['cam1'].__setitem__(0, [1, 10**400]), r'is \[1, 1000.*\.\.\., expected'),
            (lambda p: p['cam1'].__setitem__(0, [1, 'x']), r'expected \[u, v\]'),
            (lambda p: p['cam1'].__setitem__(0, [1, 2, 3]), r'expected \[u, v\]'),
            (lambda p: p['cam1'].__setitem__(0, [1, float('nan')]), r'expected \[u, v\]'),
        ],
    )
    def test_marks_that_are_none(self, marks, change, part):
        rig, _, pixels = marks
        change(pixels)
        with pytest.raises(CalibrationError, match=part):
            triangulate_floor(rig, pixels)


class TestHorizonsAndOrigin:
    def test_horizons(self):
        lost = lost_world(5)
        done = align(lost.of_rig(ring_rig()), Evidence(horizons=True))
        assert up_error_degrees(done.rig, ring_rig()) < 1e-6
        assert max(done.figures['up']['roll_degrees'].values()) < 1e-6

    def test_origin_below_a_camera(self):
        done = align(ring_rig(), Evidence(origin=('camera', 'cam1')))
        np.testing.assert_allclose(done.rig['cam1'].center_w[:2], 0, atol=1e-9)
        np.testing.assert_allclose(done.rig.centers_w[:, 2], ring_rig().centers_w[:, 2])

    def test_origin_kept(self):
        done = align(ring_rig(), Evidence(up_given=True, origin=('keep',)))
        np.testing.assert_allclose(done.rig.centers_w, ring_rig().centers_w)

    def test_origin_below_what_the_cameras_look_at(self):
        rig = ring_rig().moved((7000, -3000, 0))
        done = align(rig, Evidence(up_given=True))
        # ring_rig looks at (100, -50, 1000), up to its principal points.
        np.testing.assert_allclose(done.transform((7100, -3050, 0)), 0, atol=80)

    def test_cameras_that_look_at_no_common_point(self):
        rig = ring_rig()
        parallel = CameraRig(
            tuple(type(c)(c.name, c.K, rig['cam0'].R_w2c, c.t_w2c, c.size) for c in rig)
        )
        assert align(parallel, Evidence(up_given=True)).figures['origin']['by'] == 'keep'
        with pytest.raises(CalibrationError, match='--origin keep or --origin camera'):
            align(parallel, Evidence(up_given=True, origin=('focus',)))


class TestSourcesExcludeEachOther:
    PEOPLE = {'people': {}}

    @pytest.mark.parametrize(
        ('options', 'named'),
        [
            ({'up_given': True, 'horizons': True}, ['--up', '--horizons', 'up axis']),
            ({'up_given': True, 'floor_points': FLOOR_POINTS}, ['--up', '--floor-points']),
            ({'horizons': True, **PEOPLE}, ['--horizons', '--keypoints', '--keypoints-for']),
            ({'floor_points': FLOOR_POINTS, **PEOPLE}, ['--floor-points', '--keypoints']),
            (
                {'floor_points': FLOOR_POINTS, 'floor_pixels': {}},
                ['--floor-points', '--floor-pixels'],
            ),
            (
                {'distance': ('a', 'b', 1.0), 'person_height_mm': 1700.0, **PEOPLE},
                ['--distance', '--person-height', 'scale'],
            ),
            ({'unit_given': True, 'distance': ('a', 'b', 1.0)}, ['--unit', '--distance']),
            (
                {'floor_points': FLOOR_POINTS, 'people_for': ('floor',), **PEOPLE},
                ['--floor-points', '--keypoints', 'floor'],
            ),
        ],
    )
    def test_both_are_named(self, options, named):
        with pytest.raises(CalibrationError) as caught:
            Evidence(**options)
        assert all(name in str(caught.value) for name in named)

    @pytest.mark.parametrize(
        ('options', 'part'),
        [
            ({}, 'nothing says how the scene lies'),
            ({'person_height_mm': 1700.0}, 'give their 2D keypoints with --keypoints'),
            ({'people_for': ('floor',)}, 'give their 2D keypoints with --keypoints'),
            ({'person_height_mm': 1.75, **PEOPLE}, '--person-height is 1.75, expected millim'),
            ({'people_for': ('scale',), **PEOPLE}, 'say both'),
            ({'people_for': ('up',), 'person_height_mm': 1700.0, **PEOPLE}, 'say both'),
        ],
    )
    def test_incomplete(self, options, part):
        with pytest.raises(CalibrationError, match=part):
            Evidence(**options)

    def test_people_for_the_rest(self):
        evidence = Evidence(
            floor_points=FLOOR_POINTS,
            people_for=('scale',),
            person_height_mm=1700.0,
            people={},
        )
        parts = {part: evidence.source_of(part) for part in ('up', 'scale', 'floor')}
        assert parts == {
            'up': '--floor-points',
            'scale': '--person-height',
            'floor': '--floor-points',
        }

    @pytest.mark.parametrize('length', [0.0, -1.0, float('nan'), float('inf')])
    def test_distances_that_are_none(self, length):
        with pytest.raises(CalibrationError, match='expected millimetres above 0'):
            align(ring_rig(), Evidence(distance=('cam0', 'cam1', length)))
        with pytest.raises(CalibrationError, match='two places that are one'):
            align(ring_rig(), Evidence(distance=('cam0', 'cam0', 1000.0)))


@pytest.mark.parametrize(
    ('evidence', 'part'),
    [
        (Evidence(distance=('cam0', 'cam9', 1.0)), "--distance: no camera 'cam9' in the rig"),
        (Evidence(distance=('x', np.zeros(3), 1.0)), "--distance: no camera 'x' .* cam0, cam1"),
        (Evidence(origin=('camera', 'x')), "--origin: no camera 'x' in the rig; it has cam0, cam1"),
        # Names first: people take minutes.
        (Evidence(people={}, origin=('camera', 'x')), "--origin: no camera 'x'"),
    ],
)
def test_names_that_the_rig_does_not_have(evidence, part):
    with pytest.raises(CalibrationError, match=part):
        align(ring_rig(), evidence)


def test_identity_is_the_default():
    np.testing.assert_array_equal(Similarity().matrix, np.eye(4))
