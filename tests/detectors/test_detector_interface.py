"""Names, images of any kind, joints outside, and who is found twice in tiles."""

import importlib

import numpy as np
import pytest
from errors import fails

from mmpose_ours.detectors import DETECTORS, detector
from mmpose_ours.detectors.base import within
from mmpose_ours.detectors.tiling import detect_in_tiles, each_once, tile_corners
from mmpose_ours.errors import InputError
from mmpose_ours.recordings.files import as_bgr


@pytest.mark.parametrize('name', ['yolo', 'yolo:n', 'mediapipe:full', 'mediapipe:wholebody:full'])
def test_unknown_detectors_name_those_that_are_known(name):
    with fails(InputError, code='unknown-name', found=name, expected=list(DETECTORS)) as refused:
        detector(name)
    assert all(known in str(refused.value) for known in DETECTORS)


def test_options_of_other_detectors_are_refused():
    with fails(InputError, code='unknown-name', found=['tile', 'mode']):
        detector('rtmlib:wholebody:balanced', tile=0.5, mode='x')


@pytest.mark.parametrize(
    'name, count',
    [('mediapipe', 33), ('mediapipe:wholebody', 133), ('rtmlib', 17), ('rtmlib:wholebody', 133),
     ('rtmlib:body_with_feet', 26)],
)  # fmt: skip
def test_every_detector_has_the_joints_that_its_description_counts(name, count):
    module, class_name, what = DETECTORS[name]
    known = getattr(importlib.import_module(module), class_name)
    assert (known.name, len(known.skeleton)) == (name, count)
    assert f'{count} joints' in what


@pytest.mark.parametrize(
    'image, first',
    [
        (np.full((4, 5), 7, np.uint8), [7, 7, 7]),
        (np.full((4, 5, 1), 7, np.uint8), [7, 7, 7]),
        (np.full((4, 5), 7 * 256 + 9, np.uint16), [7, 7, 7]),
        (np.tile(np.uint8([1, 2, 3, 4]), (4, 5, 1)), [1, 2, 3]),
    ],
)
def test_images_of_any_kind_become_bgr(image, first):
    bgr = as_bgr(image)
    assert bgr.shape == (4, 5, 3) and bgr.dtype == np.uint8 and bgr.flags.c_contiguous
    assert bgr[3, 4].tolist() == first


@pytest.mark.parametrize(
    'shape, kind', [((4, 5, 3), float), ((0, 5, 3), 'u1'), ((4, 5, 2), 'u1'), ((7,), 'u1')]
)
def test_what_is_no_image_is_refused(shape, kind):
    with fails(InputError, code='wrong-shape'):
        as_bgr(np.zeros(shape, kind))


def test_joints_outside_are_not_found():
    people = np.ones((3, 17, 3))
    people[0, 4] = (-1, 5, 0.9)
    people[0, 5] = (10, 5, 0.9)  # the last pixel of ten is 9
    people[0, 6] = (np.nan, 5, 0.9)
    people[1, :, 0] = 20
    people[2, :, 2] = 0
    (person,) = within(people, (10, 8))
    assert (person[4:7] == 0).all() and person[..., 2].sum() == 14


@pytest.mark.parametrize('size, side', [((1920, 1080), 810), ((640, 480), 480), ((100, 900), 75)])
def test_tiles_cover_everything_and_overlap_by_half(size, side):
    covered = np.zeros(size[::-1], int)
    corners = tile_corners(*size, side)
    for x, y in corners:
        assert 0 <= x <= max(size[0] - side, 0) and 0 <= y <= max(size[1] - side, 0)
        covered[y : y + side, x : x + side] += 1
    assert covered.min() >= 1
    for axis in range(2):
        steps = np.diff(sorted({corner[axis] for corner in corners}))
        assert (steps <= side / 2 + 1).all()


def upright(u, v, score, height=40.0):
    person = np.zeros((17, 3), np.float32)
    person[:, 0] = u
    person[:, 1] = np.linspace(v, v + height, 17)
    person[:, 2] = score
    return person


def test_who_is_found_twice_counts_once_with_the_better_score():
    near = upright(50, 20, 0.6)
    people = np.stack([near, upright(52, 21, 0.9), upright(80, 20, 0.5)])
    kept = each_once(people)
    np.testing.assert_array_equal(kept, people[[1, 2]])
    assert each_once(np.zeros((0, 17, 3), np.float32)).shape == (0, 17, 3)


def test_a_detector_that_sees_small_images_only_finds_small_people_in_tiles():
    """A white column is a person, seen where it fills most of an image's height."""
    image = np.zeros((100, 160, 3), np.uint8)
    image[10:60, 20] = image[35:95, 130] = 255  # columns of 50 and 60

    def detect(part):
        columns = np.flatnonzero((part[..., 0] > 0).sum(0) > 0.7 * len(part))
        rows = [np.flatnonzero(part[:, column, 0])[[0, -1]] for column in columns]
        return np.array([upright(c, a, 0.5, b - a) for c, (a, b) in zip(columns, rows)],
                        np.float32).reshape(-1, 17, 3)  # fmt: skip

    assert len(detect_in_tiles(image, 0, detect)) == 0
    people = detect_in_tiles(image, 0.7, detect)
    found = {round(float(person[0, 0])): person for person in people}
    assert set(found) == {20, 130} and len(people) == 2
    assert found[20][[0, -1], 1].tolist() == [10, 59]


def test_who_is_cut_by_a_tile_is_not_squeezed_into_it():
    """A detector that sees legs alone makes a small whole body of them, its head above the tile."""
    image = np.zeros((100, 100, 3), np.uint8)

    def detect(part):
        whole = len(part) == 100
        return np.array([upright(20, *((5, 0.7, 80) if whole else (-3, 0.9, 30)))])

    tops = {float(person[0, 1]) for person in detect_in_tiles(image, 0.75, detect)}
    assert tops == {5.0, -3.0}, "beyond the image's own edge a person may reach, a tile's not"
