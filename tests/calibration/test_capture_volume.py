"""The space fitted from a calibration, against hand-made rooms and the published spaces."""

import numpy as np
import pytest
from calibration_rigs import ring_rig
from call_counts import counted_calls
from errors import fails

from mmpose_ours.calibration import CalibrationError, check_space, coverage, fit_space, read_rig
from mmpose_ours.calibration.capture_volume import describe_space, seen_by_each
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume

OFFICIAL = {
    'shelf': CaptureVolume((450, -320, 800), (8000, 8000, 2000)),
    'campus': CaptureVolume((3000, 4500, 1000), (12000, 12000, 2000)),
    'panoptic': CaptureVolume((0, -500, 800), (8000, 8000, 2000)),
}
REAL = {
    'shelf': ('shelf/calibration_shelf.json', {'image_size': (1032, 776)}),
    'campus': ('campus/calibration_campus.json', {'image_size': (360, 288)}),
    'panoptic': (
        'panoptic_demo/camera_parameters.json',
        {'cameras': ['00_03', '00_06', '00_12', '00_13', '00_23']},
    ),
}


def test_ring_of_cameras_gives_the_middle_of_the_ring():
    space = fit_space(ring_rig(8, dist=()))
    np.testing.assert_allclose(space.center_mm, (100, -50, 1000), atol=300)
    assert 2000 <= space.size_mm[0] <= 10000 and 2000 <= space.size_mm[1] <= 10000
    assert space.lower_mm[2] <= 0 and space.upper_mm[2] >= 2100
    assert coverage(ring_rig(8), space)[2] > 0.9


def test_the_space_moves_with_the_rig():
    rig = ring_rig(8, dist=())
    shift = np.array([7000.0, -3000.0, 0.0])
    moved = CameraRig(
        tuple(Camera.from_center(c.name, c.K, c.R_w2c, c.center_w + shift, c.size) for c in rig)
    )
    there, here = fit_space(moved), fit_space(rig)
    np.testing.assert_allclose(there.center_mm, here.center_mm + shift, atol=1e-6)
    assert there.size_mm == here.size_mm


def test_numbers_are_round():
    space = fit_space(ring_rig(5))
    assert all(value % 100 == 0 for value in (*space.center_mm, *space.size_mm))


def test_edges_are_bounded():
    # Two cameras side by side look out over an open place.
    pair = CameraRig(
        tuple(
            Camera.looking_at(f'c{y}', (0, y, 2000), (9000, y, 1000), 500, (1280, 720))
            for y in (-1000, 1000)
        )
    )
    assert max(fit_space(pair).size_mm) <= 14000
    assert max(fit_space(pair, max_edge_mm=6000).size_mm) <= 6000
    assert fit_space(pair).lower_mm[0] >= -500, 'nobody is seen behind the cameras'


def test_an_edge_shorter_than_a_cell_and_two_arms_is_refused():
    hall = ring_rig(8, radius=15_000.0)
    assert max(fit_space(hall, max_edge_mm=1300).size_mm[:2]) <= 1300
    with fails(CalibrationError, code='out-of-range', found=1000, expected=1200.0):
        fit_space(hall, max_edge_mm=1000)


def test_a_space_as_plain_data():
    rig, space = ring_rig(5), fit_space(ring_rig(5))
    said = describe_space(rig, space)
    assert said['center_mm'] == list(space.center_mm) and said['size_mm'] == list(space.size_mm)
    np.testing.assert_allclose(said['seen_by_at_least'], coverage(rig, space), atol=1e-4)
    np.testing.assert_allclose(
        list(said['seen_by_camera'].values()), seen_by_each(rig, space), atol=1e-4
    )


def test_low_cameras_still_get_a_space():
    # Heads are above the image everywhere: seated people are what is left.
    low = CameraRig(
        tuple(
            Camera.looking_at(f'c{a}', (2000 * np.cos(a), 2000 * np.sin(a), 900), (0, 0, 700), 2500,
                              (1280, 720))
            for a in (0, 2, 4)
        )
    )  # fmt: skip
    assert fit_space(low).contains([0, 0, 900])


def test_no_two_cameras_share_a_place():
    apart = CameraRig(
        tuple(
            Camera.looking_at(f'c{s}', (s * 2000, 0, 2000), (s * 9000, 0, 1000), 900, (1280, 720))
            for s in (-1, 1)
        )
    )
    with fails(CalibrationError, code='no-data', found=1):
        fit_space(apart)
    with fails(CalibrationError, code='no-match', found=0.0) as caught:
        check_space(apart, CaptureVolume((0, 0, 1000), (8000, 8000, 2000)))
    assert "(camera 'c-1' " in str(caught.value) and 'no other place' in str(caught.value)


def test_unknown_size():
    with fails(CalibrationError, code='missing-value', camera='cam0'):
        fit_space(ring_rig(size=None))


def test_space_beside_the_rig_is_refused_with_the_right_one():
    rig = ring_rig(4)
    with fails(CalibrationError, code='no-match', found=0.0) as caught:
        check_space(rig, CaptureVolume((50_000, 0, 1000), (8000, 8000, 2000)))
    assert 'this rig sees people around center_mm=' in str(caught.value)
    check_space(rig, CaptureVolume((0, 0, 1000), (8000, 8000, 2000)))
    with fails(CalibrationError, code='no-data', found=1):
        check_space(rig.select(['cam0']), fit_space(rig))


def test_a_world_whose_origin_is_in_another_country_is_refused():
    """Models would lose millimetres without a word."""
    away = np.array((5e8, 4e9, 0.0))
    rig = ring_rig(4).moved(away)
    with fails(CalibrationError, code='out-of-range', found=4e9, expected=1e7):
        check_space(rig, CaptureVolume(tuple(away + (0, 0, 1000)), (8000, 8000, 2000)))


def test_space_out_of_reach_is_not_seen():
    # In the image of most cameras, but 50 m away a person is a few pixels.
    rig, far = ring_rig(8, radius=3500.0, dist=()), CaptureVolume((50_000, 0, 1000), (8000,) * 3)
    assert (rig.sees(np.array(far.center_mm)).sum(0) >= 2).all()
    assert coverage(rig, far)[2] == 0
    with fails(CalibrationError, code='no-match', found=0.0):
        check_space(rig, far)


@pytest.mark.parametrize('z', [-2000, 5000])
def test_space_without_hips_is_refused(z):
    rig = ring_rig(4)
    found = (z - 1000, z + 1000)
    with fails(CalibrationError, code='out-of-range', found=found, expected=(500.0, 1500.0)):
        check_space(rig, CaptureVolume((0, 0, z), (8000, 8000, 2000)))
    check_space(rig, CaptureVolume((0, 0, 500), (4000, 4000, 1000)))


def test_a_desk_need_not_hold_hips():
    desk = CameraRig(
        tuple(
            Camera.looking_at(f'c{a}', (250 * np.cos(a), 250 * np.sin(a), 300), (0, 0, 50), 900,
                              (1280, 720))
            for a in (0, 2, 4)
        )
    )  # fmt: skip
    check_space(desk, CaptureVolume((0, 0, 100), (500, 500, 500)))


def test_coverage_of_a_wall_of_sight():
    rig = ring_rig(4)
    shares = coverage(rig, fit_space(rig))
    assert shares.shape == (5,) and shares[0] == 1
    assert (np.diff(shares) <= 0).all()


def annotated_people(path):
    """(N, 14, 3) mm: all annotated people of Campus or Shelf."""
    from scipy.io import loadmat

    people, todo = [], [loadmat(str(path))['actor3D']]
    while todo:
        cell = todo.pop()
        if cell.dtype == object:
            todo.extend(cell.ravel())
        elif cell.size == 42:
            people.append(cell.reshape(14, 3) * 1000.0)
    return np.stack(people)


@pytest.mark.parametrize('name', ['shelf', 'campus'])
def test_all_annotated_people_are_inside(shared_data, name):
    file, options = REAL[name]
    space = fit_space(read_rig(shared_data / file, **options))
    people = annotated_people(shared_data / name / 'actorsGT.mat')
    assert len(people) > 300
    assert space.contains(people).all()


@pytest.mark.parametrize('name', list(REAL))
def test_seen_better_than_the_published_space_and_inside_it(shared_data, name):
    file, options = REAL[name]
    rig, official = read_rig(shared_data / file, **options), OFFICIAL[name]
    space = fit_space(rig)
    check_space(rig, official)
    assert coverage(rig, space)[2] > coverage(rig, official)[2]
    assert official.contains(space.center_mm)


def test_tracked_people_of_a_distorted_rig_are_inside(shared_data):
    import json

    space = fit_space(read_rig(shared_data / 'pizza1/camera_parameters.json'))
    frames = json.loads((shared_data / 'pizza1/reference_tracks.json').read_text())['frames']
    joints = np.array([j for f in frames.values() for t in f for j in t['pose'] if j is not None])
    z_up = np.stack([joints[:, 0], joints[:, 2], -joints[:, 1]], axis=-1)
    assert space.contains(z_up).all()


def test_the_work_grows_with_the_cameras_and_no_faster():
    per_camera = []
    for count in (8, 31):
        with counted_calls() as calls:
            fit_space(ring_rig(count))
        per_camera.append(calls.count / count)
    assert per_camera[1] < 1.2 * per_camera[0]
