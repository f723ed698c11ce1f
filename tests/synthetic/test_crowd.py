import itertools

import numpy as np
import pytest

from mmpose_ours.synthetic import Crowd, Scene
from mmpose_ours.synthetic.draws import Draws, Streams, to_index


def crowd_of(*counts):
    """Scenes whose people say, in every coordinate, which scene and place they come from."""
    numbers = itertools.count()
    return [
        Scene(np.array([np.full((17, 3), next(numbers)) for _ in range(count)]).reshape(-1, 17, 3),
              np.ones((count, 17), dtype=bool))
        for count in counts
    ]  # fmt: skip


def test_scenes_come_out_as_they_went_in():
    scenes = crowd_of(2, 0, 3, 0)
    crowd = Crowd.of(scenes)
    assert len(crowd) == 5 and crowd.counts.tolist() == [2, 0, 3, 0]
    for before, after in zip(scenes, crowd.split()):
        np.testing.assert_array_equal(before.poses, after.poses)
        np.testing.assert_array_equal(before.visible, after.visible)
    assert [len(scene.poses) for scene in Crowd.empty(2).split()] == [0, 0]


def test_newcomers_stand_behind_those_of_their_scene():
    joined = Crowd.of(crowd_of(1, 2, 0)).joined(Crowd.of(crowd_of(2, 1, 1)))
    assert joined.scene.tolist() == [0, 0, 0, 1, 1, 1, 2]
    assert joined.poses[:, 0, 0].tolist() == [0, 0, 1, 1, 2, 2, 3]
    kept = joined.take(np.array([True, False, True, False, False, True, True]))
    assert kept.scene.tolist() == [0, 0, 1, 2] and kept.counts.tolist() == [2, 1, 1]


@pytest.mark.parametrize('counts', [(3, 1, 0, 4), (0, 2), (0,), (1, 1)])
def test_pairs_are_all_of_one_scene(counts):
    crowd = Crowd.of(crowd_of(*counts))
    expected = [(i, j) for i, j in itertools.combinations(range(len(crowd)), 2)
                if crowd.scene[i] == crowd.scene[j]]  # fmt: skip
    assert list(zip(*crowd.pairs())) == expected
    rows = np.arange(0, len(crowd), 2)
    assert list(zip(*crowd.pairs(rows))) == [pair for pair in expected if pair[0] % 2 == 0]


def test_a_scene_draws_from_its_own_generator_only():
    counts = np.array([2, 0, 3])

    def draw(seeds):
        draws = Draws([np.random.default_rng(seed) for seed in seeds])
        return draws.uniform(counts, 4), draws.normal(counts, 2, 5), draws.poisson(2.0, 3)

    first, second = draw((1, 2, 3)), draw((7, 8, 3))
    assert [array.shape for array in first] == [(5, 4), (5, 2, 5), (3, 3)]
    for a, b, rows in zip(first, second, (2, 2, 2)):
        np.testing.assert_array_equal(a[rows:], b[rows:])
        assert (a[:rows] != b[:rows]).any()
    # The numbers are those that the generator itself would give.
    rng = np.random.default_rng(3)
    np.testing.assert_array_equal(first[0][2:], rng.random((3, 4)))
    np.testing.assert_array_equal(first[1][2:], rng.standard_normal((3, 2, 5)))


def test_streams_are_those_that_numpy_jumps_to():
    streams = Streams(5)
    streams([3, 3, 4])[0].random(10, dtype=np.float32)  # what was handed out before is no matter
    numbers = (7, 0, 123_456_789)
    for number, rng in zip(numbers, streams(numbers)):
        other = np.random.Generator(np.random.PCG64(5).jumped(number))
        np.testing.assert_array_equal(rng.random(4), other.random(4))
    assert (Streams(6)([7])[0].random(4) != streams([7])[0].random(4)).all()


def test_choices_are_even_and_never_too_large():
    assert to_index(np.array([0.0, 0.2, 0.999999]), 5).tolist() == [0, 1, 4]
    assert to_index(np.array([0.5, 0.5]), np.array([1, 4])).tolist() == [0, 2]
