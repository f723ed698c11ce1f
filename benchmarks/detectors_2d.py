"""How a 2D detector agrees with keypoints that are there: people found, distance, time.

    python -m benchmarks.detectors_2d IMAGES KEYPOINTS --detector mediapipe --options tile=0.75

Agreement is not accuracy: both may err, and KEYPOINTS may lack people. Where both have hands, these
are compared as well.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from mmpose_ours.detections import read_keypoints
from mmpose_ours.detectors import detector
from mmpose_ours.io.parsers.images import decode_image
from mmpose_ours.recordings.files import MediaFolder, natural_key
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17
from mmpose_ours.structures.whole_body import SIDES, hand

# People of KEYPOINTS with fewer joints are not asked for.
MIN_JOINTS = 6
# Of a person's extent: a find whose median joint is further away is of somebody else.
NEAR = 0.25
# Joints that count in the distance.
MIN_SCORE = 0.5
# Mean score of a hand of KEYPOINTS that is asked for.
MIN_HAND = 0.3
HANDS = {side: Skeleton(f'{side}_hand', hand(side)) for side in SIDES}


def relative_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Median distance of the joints that both have, in extents of ``one``; 9 where too few."""
    both = (one[:, 2] > 0) & (other[:, 2] > 0)
    if both.sum() < 4:
        return 9.0
    apart = np.linalg.norm(one[both, :2] - other[both, :2], axis=-1)
    return float(np.median(apart) / np.ptp(one[one[:, 2] > 0, :2], axis=0).max())


def matches(known: np.ndarray, found: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of known and found people who are near each other."""
    costs = np.array([[relative_distance(a, b) for b in found] for a in known])
    costs = costs.reshape(len(known), len(found))
    return [(a, b) for a, b in zip(*linear_sum_assignment(costs)) if costs[a, b] < NEAR]


class HandCount:
    """Hands of the people whom both have."""

    def __init__(self) -> None:
        self.asked, self.found, self.all_found = 0, 0, 0
        self.pixels: list[float] = []

    def add(self, known: Keypoints2D, found: Keypoints2D) -> None:
        """Count the hands of one person, a row each."""
        for skeleton in HANDS.values():
            ours, theirs = found.to(skeleton).array[0], known.to(skeleton).array[0]
            seen = bool((ours[:, 2] > 0).any())
            self.all_found += seen
            if theirs[:, 2].mean() < MIN_HAND:
                continue
            self.asked += 1
            self.found += seen
            both = (ours[:, 2] > 0) & (theirs[:, 2] > MIN_HAND)
            self.pixels += np.linalg.norm(ours[both, :2] - theirs[both, :2], axis=-1).tolist()


def main() -> None:
    """Print a line for the detector."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('images', help='folder: <camera>/*.jpg or <camera>_<frame>.jpg')
    parser.add_argument('keypoints', help='of the same images, any format of ours')
    parser.add_argument('--detector', default='mediapipe')
    parser.add_argument('--options', nargs='*', default=[], metavar='NAME=NUMBER')
    args = parser.parse_args()
    options = {name: float(value) for name, _, value in (o.partition('=') for o in args.options)}
    finder = detector(args.detector, **options)
    frames = read_keypoints(args.keypoints)
    names = sorted({camera for views in frames.values() for camera in views})
    counts, seconds, distances, hands = np.zeros(3, int), [], [], HandCount()
    folder = MediaFolder(Path(args.images), names)
    for camera in names:
        for path in folder.images(camera):
            numbers = [part[1] for part in natural_key(path) if part[0] == 0]
            theirs = frames.get(str(numbers[-1]), {}).get(camera)
            if theirs is None:
                continue
            theirs = theirs.only((theirs.to(COCO17).scores > 0).sum(-1) >= MIN_JOINTS)
            image, start = decode_image(path), time.perf_counter()
            ours = Keypoints2D(finder.skeleton, finder.detect([image])[0])
            seconds.append(time.perf_counter() - start)
            known, found = theirs.to(COCO17).array, ours.to(COCO17).array
            pairs = matches(known, found)
            counts += (len(known), len(pairs), len(found))
            for a, b in pairs:
                both = (known[a][:, 2] > 0) & (found[b][:, 2] > MIN_SCORE)
                apart = known[a][both, :2] - found[b][both, :2]
                distances += np.linalg.norm(apart, axis=-1).tolist()
                hands.add(theirs.only(np.array([a])), ours.only(np.array([b])))
    print(
        f'{finder.name} {finder.version}: {counts[1]} of {counts[0]} people, {counts[2]} finds, '
        f'median {np.median(distances):.1f} px, {np.median(seconds):.2f} s per image'
    )
    if hands.asked and hands.all_found:
        print(
            f'{hands.found} of {hands.asked} hands of these people, {hands.all_found} in all, '
            f'median {np.median(hands.pixels):.1f} px'
        )


if __name__ == '__main__':
    main()
