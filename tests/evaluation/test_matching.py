import numpy as np
import pytest
from errors import fails

from mmpose_ours.errors import InputError
from mmpose_ours.evaluation import match_poses

THRESHOLDS = (25, 50, 75, 100, 125, 150)


def people(*places, joints=15):
    """(P, 15, 3): poses that differ by their place on the x axis only."""
    body = np.arange(joints * 3).reshape(joints, 3) * 30.0
    return np.array([body + [x, 0, 0] for x in places]).reshape(-1, joints, 3)


def match(predictions, scores, truth):
    seen = [np.ones(t.shape[:2], bool) for t in truth]
    return match_poses(predictions, [np.array(s, float) for s in scores], truth, seen)


def brute_force(predictions, scores, truth, visible, threshold):
    """AP, AR by the definition, one prediction at a time; ties keep their order."""
    everybody = [(f, g) for f in range(len(truth)) for g in range(len(truth[f]))]
    everybody = [(f, g) for f, g in everybody if visible[f][g].any()]
    order = [(-scores[f][p], n, f, p) for n, (f, p) in enumerate(
        (f, p) for f in range(len(predictions)) for p in range(len(predictions[f])))]  # fmt: skip
    taken, marks = set(), []
    for _, _, f, p in sorted(order):
        best = None
        for frame, g in everybody:
            if frame != f:
                continue
            distances = [
                np.sqrt(((predictions[f][p][j] - truth[f][g][j]) ** 2).sum())
                for j in range(truth[f].shape[1])
                if visible[f][g][j]
            ]
            distance = sum(distances) / len(distances)
            if best is None or distance < best[0]:
                best = (distance, g)
        hit = best is not None and best[0] < threshold and (f, best[1]) not in taken
        if hit:
            taken.add((f, best[1]))
        marks.append(hit)
    points = []
    for n in range(1, len(marks) + 1):
        points.append((sum(marks[:n]) / len(everybody), sum(marks[:n]) / n))
    area, reached = 0.0, 0.0
    for recall, _ in points:
        if recall > reached:
            area += (recall - reached) * max(p for r, p in points if r >= recall)
            reached = recall
    return area, reached


def test_ap_and_mpjpe_worked_out_by_hand():
    # Two people, three predictions. By score: 10 mm off A; 60 mm off A; 30 mm off B.
    truth = [people(0, 5000)]
    result = match([people(10, 60, 5030)], [[0.9, 0.8, 0.7]], truth)
    # At 25 mm: hit, miss, miss. Precision 1 at recall 1/2: AP 1/2.
    assert result.ap[25] == pytest.approx(1 / 2) and result.ar[25] == pytest.approx(1 / 2)
    # At 50 mm: hit, miss, hit. 1/2 * 1 + 1/2 * 2/3 = 5/6; the same at all above, for the
    # the duplicate takes A.
    assert [result.ap[t] for t in THRESHOLDS[1:]] == pytest.approx([5 / 6] * 5)
    assert [result.ar[t] for t in THRESHOLDS[1:]] == [1] * 5
    assert result.mean_ap == pytest.approx((1 / 2 + 5 * 5 / 6) / 6)
    assert result.recall == 1
    assert result.mpjpe_mm == pytest.approx((10 + 30) / 2)
    assert result.false_positives == 1 and result.false_positives_per_frame == 1


def test_scores_are_sorted_over_the_whole_set_not_per_frame():
    # Frame 0 holds a sure miss, frame 1 a less sure hit: miss, hit.
    result = match([people(3000), people(0)], [[0.9], [0.5]], [people(0), people(0)])
    assert result.ap[25] == pytest.approx(1 / 2 * 1 / 2)
    # The other way round: hit, miss.
    result = match([people(3000), people(0)], [[0.1], [0.5]], [people(0), people(0)])
    assert result.ap[25] == pytest.approx(1 / 2)


def test_the_surer_prediction_claims_even_if_it_is_farther():
    result = match([people(200, 10)], [[0.9, 0.1]], [people(0)])
    assert result.mpjpe_mm == pytest.approx(200)
    assert result.false_positives == 1


def test_a_prediction_is_a_candidate_for_the_nearest_person_only():
    # Both predictions are nearest to A; B, 300 mm from one of them, stays unfound.
    result = match([people(0, 140)], [[0.9, 0.8]], [people(0, 440)])
    assert result.recall == 1 / 2 and result.false_positives == 1


def test_recall_counts_below_500_mm_only():
    assert match([people(499.9)], [[1]], [people(0)]).recall == 1
    assert match([people(500.0)], [[1]], [people(0)]).recall == 0


def test_frames_without_anybody_count_as_frames():
    nobody = people()
    result = match([people(0), nobody], [[1], []], [people(0), nobody])
    assert result.ap[25] == 1 and result.frames == 2 and result.false_positives == 0


def test_nobody_anywhere():
    result = match([people()], [[]], [people()])
    assert np.isnan(result.recall) and np.isnan(result.mpjpe_mm) and np.isnan(result.ap[25])
    assert result.false_positives_per_frame == 0
    assert match([], [], []).false_positives_per_frame == 0


def test_nobody_predicted():
    result = match([people()], [[]], [people(0)])
    assert result.ap[150] == 0 and result.ar[150] == 0 and result.recall == 0
    assert np.isnan(result.mpjpe_mm)


def test_a_pose_in_an_empty_scene_is_a_false_positive():
    result = match([people(0), people(0)], [[0.9], [0.5]], [people(), people(0)])
    assert result.ap[25] == pytest.approx(1 / 2)
    assert result.false_positives == 1


def test_only_visible_joints_count():
    truth, seen = people(0), np.ones((1, 15), bool)
    truth[0, 3] += 9000
    seen[0, 3] = False
    result = match_poses([people(20)], [np.ones(1)], [truth], [seen])
    assert result.mpjpe_mm == pytest.approx(20)


def test_people_without_a_visible_joint_are_left_out():
    seen = np.array([[True] * 15, [False] * 15])
    result = match_poses([people(0)], [np.ones(1)], [people(0, 3000)], [seen])
    assert result.people == 1 and result.recall == 1


def test_a_lost_joint_counts_as_far_off_and_is_reported():
    lost = people(0)
    lost[0, :3] = np.nan
    result = match([lost], [[1]], [people(0)])
    assert result.ap[75] == 0 and result.ap[125] == 1  # 3/15 of 500 mm is 100 mm
    assert result.mpjpe_mm == 0 and result.missing_joints == pytest.approx(3 / 15)


def test_a_prediction_of_nan_only_claims_nobody():
    result = match([np.full((1, 15, 3), np.nan)], [[1]], [people(0)])
    assert result.recall == 0 and result.false_positives == 1


@pytest.mark.parametrize('seed', range(8))
def test_ap_equals_brute_force(seed):
    rng = np.random.default_rng(seed)
    predictions, scores, truth, visible = [], [], [], []
    for _ in range(6):
        count, guesses = rng.integers(0, 4), rng.integers(0, 6)
        persons = rng.normal(size=(count, 1, 3)) * 400 + rng.normal(size=(count, 5, 3)) * 200
        start = persons[rng.integers(0, count, guesses)] if count else np.zeros((guesses, 5, 3))
        shift = rng.choice([5, 40, 90], size=(guesses, 1, 1)) * rng.normal(size=(guesses, 1, 3))
        predictions.append(start + shift)
        scores.append(rng.integers(0, 5, guesses) / 5)  # with ties
        truth.append(persons)
        visible.append(rng.random((count, 5)) < 0.7)
    result = match_poses(predictions, scores, truth, visible)
    for threshold in THRESHOLDS:
        ap, ar = brute_force(predictions, scores, truth, visible, threshold)
        assert result.ap[threshold] == pytest.approx(ap)
        assert result.ar[threshold] == pytest.approx(ar)


@pytest.mark.parametrize(
    ('predictions', 'scores', 'fields'),
    [
        (
            [people(0), people(0)],
            [np.ones(1)],
            dict(code='wrong-shape', frame=None, found=(2, 1, 1, 1)),
        ),
        (
            [people(0)],
            [np.ones(2)],
            dict(code='wrong-shape', frame=0, found=((1, 15, 3), (2,), (1, 15, 3), (1, 15))),
        ),
        (
            [people(0, joints=17)],
            [np.ones(1)],
            dict(code='wrong-shape', frame=0, found=((1, 17, 3), (1,), (1, 15, 3), (1, 15))),
        ),
        ([people(0)], [np.array([np.nan])], dict(code='not-finite', frame=0)),
    ],
)
def test_unfit_input_is_an_error(predictions, scores, fields):
    with fails(InputError, **fields):
        match_poses(predictions, scores, [people(0)], [np.ones((1, 15), bool)])
