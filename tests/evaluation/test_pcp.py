import numpy as np
import pytest
from campus_people import moved, nobody, standing
from errors import fails

from mmpose_ours.errors import InputError
from mmpose_ours.evaluation import pcp
from mmpose_ours.evaluation.pcp import PARTS

EMPTY = np.empty((0, 14, 3))


def parts_of(result, actor=0):
    """Names of the parts that are wrong in a single frame."""
    return [PARTS[i][:2] for i in np.flatnonzero(result.correct[actor] < result.total[actor])]


def test_a_perfect_prediction_has_every_part_right():
    result = pcp([standing()[None]], standing()[None, None], actors=[0])
    assert result.correct.tolist() == [[1] * 10]
    assert result.average == 100 and result.recall == 1 and result.error_mm == 0
    assert result.unmatched.tolist() == [0]


def test_an_empty_frame_lowers_pcp():
    truth = np.stack([standing()[None], standing()[None]])
    result = pcp([standing()[None], EMPTY], truth, actors=[0])
    assert result.average == 50
    assert result.recall == 0.5
    assert result.empty_frames == 1


def test_a_frame_without_annotated_people_is_not_an_empty_frame():
    result = pcp([EMPTY], nobody()[None, None], actors=[0])
    assert result.empty_frames == 0
    assert np.isnan(result.average) and np.isnan(result.recall) and np.isnan(result.error_mm)


def test_no_frames_at_all():
    result = pcp([], np.empty((0, 3, 14, 3)))
    assert np.isnan(result.average) and result.unmatched_per_frame == 0


def test_an_extra_person_is_counted_and_does_not_change_pcp():
    people = np.stack([standing(), standing(3000)])
    result = pcp([people], standing()[None, None], actors=[0])
    assert result.average == 100
    assert result.unmatched.tolist() == [1] and result.unmatched_per_frame == 1


def test_people_predicted_where_nobody_is_annotated_are_extra():
    assert pcp([standing()[None]], nobody()[None, None], actors=[0]).unmatched.tolist() == [1]


def test_of_two_predictions_near_one_actor_the_nearer_counts_and_the_other_is_extra():
    near, far = standing(y=50), standing(y=450)
    for people in ([near, far], [far, near]):
        result = pcp([np.stack(people)], standing()[None, None], actors=[0])
        assert result.average == 100
        assert result.error_mm == pytest.approx(50)
        assert result.unmatched.tolist() == [1]


def test_two_actors_may_be_judged_by_one_prediction():
    truth = np.stack([standing(), standing(y=100)])[None]
    result = pcp([standing(y=50)[None]], truth, actors=[0, 1])
    assert result.found == 2 and result.unmatched.tolist() == [0]


def test_a_prediction_beyond_500_mm_is_an_extra_person_and_a_miss():
    result = pcp([standing(y=501)[None]], standing()[None, None], actors=[0])
    assert result.average == 0 and result.recall == 0
    assert result.unmatched.tolist() == [1]


@pytest.mark.parametrize(('off', 'right'), [(400.0, True), (400.001, False)])
def test_a_part_is_right_up_to_and_including_half_its_length(off, right):
    # One wrist off by 400 mm: the mean of its two ends is 200 mm, half of the 400 mm forearm.
    person = moved(standing(), 'left_wrist', [0, off, 0])
    result = pcp([person[None]], standing()[None, None], actors=[0])
    assert (parts_of(result) == []) is right


def test_a_lost_joint_makes_its_parts_wrong_and_no_others():
    person = moved(standing(), 'left_elbow', None)
    result = pcp([person[None]], standing()[None, None], actors=[0])
    assert [part[0] for part in parts_of(result)] == ['upper arms', 'lower arms']
    assert result.error_mm == 0


def test_a_lost_hip_makes_the_torso_wrong():
    person = moved(standing(), 'right_hip', None)
    result = pcp([person[None]], standing()[None, None], actors=[0])
    assert [part[0] for part in parts_of(result)] == ['upper legs', 'torso']


def test_losing_joints_brings_a_prediction_no_nearer():
    fragment = nobody()
    fragment[0] = standing()[0]  # one joint, exactly right
    whole = standing(y=100)
    for people in ([fragment, whole], [whole, fragment]):
        result = pcp([np.stack(people)], standing()[None, None], actors=[0])
        assert result.average == 100
        assert result.error_mm == pytest.approx(100)


def test_a_prediction_of_nan_only_is_a_miss_and_an_extra_person():
    result = pcp([nobody()[None]], standing()[None, None], actors=[0])
    assert result.average == 0 and result.found == 0
    assert result.unmatched.tolist() == [1]


def test_nan_does_not_hide_a_good_prediction():
    result = pcp([np.stack([nobody(), standing()])], standing()[None, None], actors=[0])
    assert result.average == 100


def test_an_absent_actor_has_no_figure_and_is_left_out_of_the_average():
    truth = np.stack([standing(), nobody(), standing(4000)])[None]
    result = pcp([standing()[None]], truth)
    assert result.per_actor[[0, 2]].tolist() == [100, 0]
    assert np.isnan(result.per_actor[1])
    assert result.average == 50


def test_only_the_chosen_actors_are_averaged_but_all_claim_people():
    truth = np.stack([standing(), standing(2000), standing(4000), standing(6000)])[None]
    people = np.stack([standing(), standing(2000), standing(4000)])
    result = pcp([people], truth)
    assert result.average == 100 and result.per_actor.tolist() == [100, 100, 100, 0]
    assert pcp([people], truth, actors=range(4)).average == 75
    assert result.unmatched.tolist() == [0]


def test_a_joint_that_is_not_annotated_leaves_its_parts_out():
    truth = moved(standing(), 'left_wrist', None)
    result = pcp([standing()[None]], truth[None, None], actors=[0])
    assert result.total.sum() == 9 and result.correct.sum() == 9


def test_groups_are_those_of_the_published_tables():
    person = moved(standing(), 'right_ankle', [0, 900, 0])
    result = pcp([person[None]], standing()[None, None], actors=[0])
    groups = {name: figures[0] for name, figures in result.per_group.items()}
    assert groups == {
        'head': 100,
        'torso': 100,
        'upper arms': 100,
        'lower arms': 100,
        'upper legs': 100,
        'lower legs': 50,
    }
    assert result.average == 90


def test_summary_is_plain():
    summary = pcp([standing()[None]], standing()[None, None], actors=[0]).summary()
    assert type(summary['pcp']) is float and type(summary['actors'][0]['correct']) is int
    assert summary['unmatched_per_frame'] == 0


@pytest.mark.parametrize(
    ('people', 'truth', 'actors', 'code', 'frame', 'found', 'expected'),
    [
        ([EMPTY], np.zeros((2, 1, 14, 3)), [0], 'wrong-shape', None, 1, 2),
        (
            [EMPTY],
            np.zeros((1, 1, 17, 3)),
            [0],
            'wrong-shape',
            None,
            (1, 1, 17, 3),
            ('F', 'A', 14, 3),
        ),
        (
            [np.zeros((1, 17, 3))],
            np.zeros((1, 1, 14, 3)),
            [0],
            'wrong-shape',
            0,
            (1, 17, 3),
            ('P', 14, 3),
        ),
        ([EMPTY], np.zeros((1, 2, 14, 3)), [2], 'out-of-range', None, 2, (0, 1)),
    ],
)
def test_unfit_input_is_an_error(people, truth, actors, code, frame, found, expected):
    with fails(InputError, code=code, frame=frame, found=found, expected=expected):
        pcp(people, truth, actors=actors)
