"""Measured rooms: floor points, marked pixels, distances, and sources that exclude each other."""

import numpy as np
import pytest
from calibration_rigs import people_points, ring_rig
from errors import fails
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

ON_A_LINE = dict(code='no-data', expected=0.02)


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
        ('points', 'fields'),
        [
            (FLOOR_POINTS[:2], dict(code='no-data', found=2)),
            (np.arange(12.0).reshape(4, 3), ON_A_LINE),
            (np.zeros((3, 3)), ON_A_LINE),
            (FLOOR_POINTS[[0, 1, 1, 0]], ON_A_LINE),
            (FLOOR_POINTS * (1, 0.01, 1), ON_A_LINE),
            (np.concatenate([FLOOR_POINTS, [[0, 0, 3000.0]]]), dict(code='conflict', expected=0.3)),
            (FLOOR_POINTS + (0, 0, 2530), dict(code='ambiguous')),
        ],
    )
    def test_points_that_do_not_tell(self, points, fields):
        with fails(CalibrationError, **fields):
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
        ('change', 'fields'),
        [
            (lambda p: p.update(cam9=p.pop('cam1')), dict(code='unknown-camera', found='cam9')),
            (
                lambda p: p['cam1'].pop(),
                dict(code='wrong-shape', found={'cam0': 4, 'cam1': 3, 'cam2': 4}),
            ),
            (lambda p: p.clear(), dict(code='no-data', found={})),
            (lambda p: p['cam1'].__setitem__(2, None), dict(code='no-data', found=1)),
            (
                lambda p: p['cam2'].__setitem__(2, None) or p['cam1'].__setitem__(2, None),
                dict(code='no-data', found=0),
            ),
            (
                lambda p: p['cam1'].__setitem__(0, [1, 10**400]),
                dict(code='wrong-shape', camera='cam1', found=[1, 10**400]),
            ),
            (
                lambda p: p['cam1'].__setitem__(0, [1, 'x']),
                dict(code='wrong-shape', camera='cam1', found=[1, 'x']),
            ),
            (
                lambda p: p['cam1'].__setitem__(0, [1, 2, 3]),
                dict(code='wrong-shape', camera='cam1', found=[1, 2, 3]),
            ),
            (
                lambda p: p['cam1'].__setitem__(0, [1, float('nan')]),
                dict(code='not-finite', camera='cam1', expected=(2,)),
            ),
        ],
    )
    def test_marks_that_are_none(self, marks, change, fields):
        rig, _, pixels = marks
        change(pixels)
        with fails(CalibrationError, **fields) as caught:
            triangulate_floor(rig, pixels)
        assert len(str(caught.value)) < 150, 'numbers may have any length'


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
        with fails(CalibrationError, code='no-data', expected=['keep', 'camera']):
            align(parallel, Evidence(up_given=True, origin=('focus',)))


class TestSourcesExcludeEachOther:
    PEOPLE = {'people': {}}

    @pytest.mark.parametrize(
        ('options', 'named', 'part'),
        [
            ({'up_given': True, 'horizons': True}, ['up', 'horizons'], 'up'),
            ({'up_given': True, 'floor_points': FLOOR_POINTS}, ['up', 'floor_points'], 'up'),
            ({'horizons': True, **PEOPLE}, ['horizons', 'keypoints'], 'up'),
            ({'floor_points': FLOOR_POINTS, **PEOPLE}, ['floor_points', 'keypoints'], 'up'),
            (
                {'floor_points': FLOOR_POINTS, 'floor_pixels': {}},
                ['floor_points', 'floor_pixels'],
                'up',
            ),
            (
                {'distance': ('a', 'b', 1.0), 'person_height_mm': 1700.0, **PEOPLE},
                ['distance', 'person_height'],
                'scale',
            ),
            ({'unit_given': True, 'distance': ('a', 'b', 1.0)}, ['unit', 'distance'], 'scale'),
            (
                {'floor_points': FLOOR_POINTS, 'people_for': ('floor',), **PEOPLE},
                ['floor_points', 'keypoints'],
                'floor',
            ),
        ],
    )
    def test_both_are_named(self, options, named, part):
        with fails(CalibrationError, code='conflict', found=named, expected=part) as caught:
            Evidence(**options)
        assert f'{named[0]}=... and {named[1]}=... both fix' in str(caught.value)

    @pytest.mark.parametrize(
        ('options', 'fields'),
        [
            ({}, dict(code='missing-value', found=None)),
            ({'person_height_mm': 1700.0}, dict(code='missing-value', expected='keypoints')),
            ({'people_for': ('floor',)}, dict(code='missing-value', expected='keypoints')),
            ({'person_height_mm': 1.75, **PEOPLE}, dict(code='out-of-range', found=1.75)),
            ({'people_for': ('scale',), **PEOPLE}, dict(code='conflict', found=('scale',))),
            (
                {'people_for': ('up',), 'person_height_mm': 1700.0, **PEOPLE},
                dict(code='conflict', found=('up',)),
            ),
        ],
    )
    def test_incomplete(self, options, fields):
        with fails(CalibrationError, **fields):
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
            'up': 'floor_points',
            'scale': 'person_height',
            'floor': 'floor_points',
        }

    @pytest.mark.parametrize('length', [0.0, -1.0, float('nan'), float('inf')])
    def test_distances_that_are_none(self, length):
        code = 'out-of-range' if np.isfinite(length) else 'not-finite'
        with fails(CalibrationError, code=code):
            align(ring_rig(), Evidence(distance=('cam0', 'cam1', length)))
        with fails(CalibrationError, code='conflict', found=('cam0', 'cam0')):
            align(ring_rig(), Evidence(distance=('cam0', 'cam0', 1000.0)))


@pytest.mark.parametrize(
    ('evidence', 'given_by', 'name'),
    [
        (Evidence(distance=('cam0', 'cam9', 1.0)), 'distance', 'cam9'),
        (Evidence(distance=('x', np.zeros(3), 1.0)), 'distance', 'x'),
        (Evidence(origin=('camera', 'x')), 'origin', 'x'),
        # Names first: people take minutes.
        (Evidence(people={}, origin=('camera', 'x')), 'origin', 'x'),
    ],
)
def test_names_that_the_rig_does_not_have(evidence, given_by, name):
    known = ['cam0', 'cam1', 'cam2', 'cam3']
    with fails(CalibrationError, code='unknown-camera', found=name, expected=known) as caught:
        align(ring_rig(), evidence)
    assert str(caught.value).startswith(f'{given_by}=...: no camera')


def test_identity_is_the_default():
    np.testing.assert_array_equal(Similarity().matrix, np.eye(4))
