"""Association by the kernels, against enumeration, least squares and SciPy's assignment."""

import itertools

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from test_triangulation_and_body import distances2, scene

from mmpose_ours.kernels.agreement import agreements, assign_greedily, assign_mutual_best
from mmpose_ours.kernels.constants import GAP_LIMIT_MM
from mmpose_ours.kernels.pairs import best_partners, flatten, midpoints, pairs_to_try
from mmpose_ours.kernels.people import group_detections
from mmpose_ours.kernels.triangulation import triangulate_weakly

OPTIONS = (10, 150.0, 100.0, 0.3, 256)


def of_frame(seed: int, **options):
    _, rays, _, groups = scene(seed, **options)
    return [part[0] for part in rays], groups


def closest(origin1, a1, origin2, a2):
    """Depths of the points of two lines that are closest, by least squares."""
    return np.linalg.lstsq(np.stack([a1, -a2], 1), origin2 - origin1, rcond=None)[0]


@pytest.mark.parametrize('seed', range(3))
def test_gaps_and_midpoints_are_those_of_least_squares(seed):
    (origins, directions, weights), _ = of_frame(seed)
    lines, detected, view, index, starts = flatten(origins, directions, weights)
    gap, partner = best_partners(lines, detected, view, starts, origins)
    for d, v in itertools.product(range(len(view)), range(len(origins))):
        if v == view[d]:
            continue
        best = np.inf
        for other in range(starts[v], starts[v + 1]):
            gaps = []
            for j in np.flatnonzero(detected[d] * detected[other]):
                a, b = directions[view[d], index[d], j], directions[v, index[other], j]
                t, u = closest(origins[view[d]], a, origins[v], b)
                length = np.linalg.norm(origins[view[d]] + t * a - origins[v] - u * b)
                gaps.append(min(length, GAP_LIMIT_MM) if t > 0 and u > 0 else GAP_LIMIT_MM)
            if np.mean(gaps) < best:
                best, winner = np.mean(gaps), other
        assert gap[d, v] == pytest.approx(best) and partner[d, v] == winner
    pairs = pairs_to_try(gap, partner, view, 150.0, 256)
    points, known = midpoints(pairs, lines, detected, view, origins)
    for (first, second), row, ok in zip(pairs, points, known):
        for j in np.flatnonzero(ok):
            a, b = (
                directions[view[first], index[first], j],
                directions[view[second], index[second], j],
            )
            one, two = origins[view[first]], origins[view[second]]
            t, u = closest(one, a, two, b)
            np.testing.assert_allclose(row[j], (one + t * a + two + u * b) / 2, atol=1e-6)


def test_agreement_is_the_formula():
    (origins, directions, weights), groups = of_frame(1, noise=0.02)
    points = scene(1, noise=0.02)[0]
    lines, detected, view, index, starts = flatten(origins, directions, weights)
    known, std = np.ones((3, 6), bool), np.full((3, 6), 40.0)
    known[0, 4] = False
    found = agreements(points, known, std, 100.0, lines, detected, view, origins)
    for h, d in itertools.product(range(3), range(len(view))):
        group = np.zeros(len(origins), int)
        group[view[d]] = index[d]
        rays = origins[None], directions[None], weights[None]
        d2 = distances2(rays, group, points[h])[view[d]]
        both = known[h] & (detected[d] > 0)
        expected = (np.exp(-d2 / 2 / (100.0**2 + 40.0**2)) * both).sum() / (both.sum() + 1)
        assert found[h, d] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize('seed', range(5))
def test_greedy_and_mutual_assignment_by_enumeration(seed):
    rng = np.random.default_rng(seed)
    starts = np.array([0, 3, 5, 5, 9])
    agreement = rng.uniform(0, 1, (6, 9))
    groups, accepted = assign_greedily(agreement, starts, 0.4, 4)
    free, expected = set(range(9)), []
    while len(expected) < 4:
        supports = []
        for h in range(6):
            best = [
                max((agreement[h, d] for d in range(a, b) if d in free), default=0)
                for a, b in zip(starts, starts[1:])
            ]
            inliers = [value for value in best if value > 0.4]
            supports.append(sum(inliers) if len(inliers) >= 2 else 0.0)
        winner = int(np.argmax(supports))
        if supports[winner] == 0:
            break
        group = []
        for a, b in zip(starts, starts[1:]):
            inside = [d for d in range(a, b) if d in free and agreement[winner, d] > 0.4]
            group.append(max(inside, key=lambda d: agreement[winner, d], default=-1))
        free -= set(group)
        expected.append((winner, group))
    assert [(int(h), list(g)) for h, g in zip(accepted, groups)] == expected
    mutual = assign_mutual_best(agreement, starts, 0.4, 1)
    for h, v in itertools.product(range(6), range(4)):
        inside = [
            d for d in range(starts[v], starts[v + 1])
            if agreement[h, d] > 0.4 and agreement[h, d] == agreement[:, d].max()
        ]  # fmt: skip
        assert mutual[h, v] == max(inside, key=lambda d: agreement[h, d], default=-1)
    several = assign_mutual_best(agreement, starts, 0.4, 2)
    few = (mutual >= 0).sum(1) < 2
    assert (several[few] == -1).all() and (several[~few] == mutual[~few]).all()


@pytest.mark.parametrize('seed', range(5))
def test_groups_are_those_of_the_optimal_assignment(seed):
    """The Hungarian algorithm, view by view, on how far detections are from the true people."""
    points, rays, _, groups = scene(seed, people=5, noise=0.004)
    origins, directions, weights = (part[0] for part in rays)
    found = group_detections((origins, directions, weights), OPTIONS)
    optimal = np.empty((5, len(origins)), int)
    for view in range(len(origins)):
        cost = np.empty((5, 5))
        for person, detection in itertools.product(range(5), range(5)):
            group = np.full(len(origins), detection)
            d2 = distances2(rays, group, points[person])[view]
            cost[person, detection] = np.sqrt(d2).clip(max=400)[weights[view, detection] > 0].mean()
        person, detection = linear_sum_assignment(cost)
        optimal[person, view] = detection
    assert sorted(map(tuple, found)) == sorted(map(tuple, optimal)) == sorted(map(tuple, groups))


def test_the_best_of_all_groups_of_two_people():
    """Every way to divide the detections into two people, by the residuals of triangulation."""
    _, rays, _, _ = scene(11, people=2, noise=0.004)
    origins, directions, weights = (part[0] for part in rays)
    found = group_detections((origins, directions, weights), OPTIONS)
    costs = {}
    for swap in itertools.product((0, 1), repeat=len(origins) - 1):
        one = np.array((0, *swap))
        groups = np.stack([one, 1 - one])
        poses, _ = triangulate_weakly(rays, np.zeros(2, np.int64), groups)
        d2 = np.stack([distances2(rays, g, p) for g, p in zip(groups, poses)])
        costs[tuple(map(tuple, groups))] = np.sqrt(d2).clip(max=300).sum()
    best = min(costs, key=costs.__getitem__)
    assert set(map(tuple, found)) == set(best)


def test_nobody_and_one_detection_give_no_group():
    (origins, directions, weights), _ = of_frame(0)
    assert group_detections((origins, directions, 0 * weights), OPTIONS).shape == (0, 4)
    weights[1:] = 0.0
    weights[0, 1:] = 0.0
    assert group_detections((origins, directions, weights), OPTIONS).shape == (0, 4)
