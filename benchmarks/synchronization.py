"""How right the offsets and frame rates of ``synchronize`` are, on synthetic sites and recordings.

    python -m benchmarks.synchronization --sites 10
    python -m benchmarks.synchronization --recording RIG KEYPOINTS [--image-size W H]

Every camera of a synchronised recording is started up to 400 frames late, and resampled to 25,
29.97 or 30 frames per second in every second row. Printed are the largest error of an offset in
frames, at both ends of the common frames, and that of a frame rate.
"""

from __future__ import annotations

import argparse
import collections
import time

import numpy as np

from benchmarks.calibration_from_people import synthetic_site
from mmpose_ours import CameraRig, read_rig
from mmpose_ours.detections import Detections, read_detections
from mmpose_ours.detections.arrays import named_frames
from mmpose_ours.errors import InputError
from mmpose_ours.self_calibration import CameraClock, Synchronization, retime, synchronize

# Sites with seeds below this were looked at while the method was written.
FIRST_SEED = 1000
MOST_LATE = 400
RATES = (1.0, 25 / 30, 1 / 1.001)
# An offset and a rate are right within these limits.
RIGHT_FRAMES, RIGHT_RATE = 0.2, 1e-4


def started_late(
    rig: CameraRig, people: Detections, rng: np.random.Generator, resampled: bool
) -> tuple[Detections, np.ndarray, np.ndarray]:
    """The recording of unsynchronised cameras, the frame of each at frame 0, and its rate."""
    frames = len(people)
    first = rng.integers(0, min(MOST_LATE, frames // 2) + 1, len(rig)).astype(float)
    rates = np.array([RATES[n % 3] if resampled else 1.0 for n in range(len(rig))])
    seen: dict[str, dict[str, np.ndarray]] = {}
    for camera, start, rate in zip(rig, first, rates):
        count = int((frames - 1 - start) * rate)
        own = CameraClock(camera.name, start, 0.0, 1 / rate, 0.0, 0.0, 1.0)
        alone = CameraRig((camera,))
        own_people = {frame: {camera.name: views[camera.name]} for frame, views in people.items()}
        clock = Synchronization((own,), camera.name, 0, count)
        for frame, views in retime(alone, named_frames(own_people), own_people, clock).items():
            for name, each in views.items():
                seen.setdefault(frame, {})[name] = each.array
    return seen, -first * rates, rates


def judged(
    label: str, rig: CameraRig, people: Detections, rng: np.random.Generator, resampled: bool
) -> str:
    """Print a row; return its outcome."""
    seen, zero, rates = started_late(rig, people, rng, resampled)
    start = time.process_time()
    try:
        found = synchronize(rig, seen)
    except InputError as error:
        print(f'{label:40s} refused: {error.code} {error.camera or ""}: {error}', flush=True)
        return f'refused: {error.code}'
    seconds = time.process_time() - start
    clocks = found.cameras
    ends = np.array([0.0, found.frames - 1.0])
    moments = clocks[0].clock.at(ends) - zero[0]
    off = max(
        float(np.abs(own.clock.at(ends) - (zero[n] + rates[n] * moments)).max())
        for n, own in enumerate(clocks)
    )
    rate = max(abs(own.rate / rates[n] - 1) for n, own in enumerate(clocks))
    outcome = 'right' if off <= RIGHT_FRAMES and rate <= RIGHT_RATE else 'beyond the limits'
    outcome += ', uncertain' if found.uncertain else ''
    print(
        f'{label:40s} offsets {off:.2f} frames  rates {rate:.3%}  '
        f'largest std {max(own.offset_std for own in clocks):.2f} frames '
        f'{max(own.rate_std for own in clocks):.3%}  matched '
        f'{min(own.matched for own in clocks):.0%}  {seconds:.0f} s CPU  {outcome}',
        flush=True,
    )
    return outcome


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--sites', type=int, default=0)
    parser.add_argument('--first-seed', type=int, default=FIRST_SEED)
    parser.add_argument('--frames', type=int, default=900)
    parser.add_argument('--recording', nargs=2, metavar=('RIG', 'KEYPOINTS'))
    parser.add_argument('--image-size', nargs=2, type=int)
    args = parser.parse_args()
    outcomes: collections.Counter[str] = collections.Counter()
    for seed in range(args.first_seed, args.first_seed + args.sites):
        rig, people, _, label = synthetic_site(seed, args.frames)
        outcomes[judged(label, rig, people, np.random.default_rng(seed), seed % 2 == 1)] += 1
    for outcome, count in outcomes.most_common():
        print(f'{count} of {args.sites} sites: {outcome}')
    if args.recording:
        size = {} if args.image_size is None else {'image_size': tuple(args.image_size)}
        rig = read_rig(args.recording[0], **size)
        people = read_detections(args.recording[1], rig.names)
        for resampled in (False, True):
            rng = np.random.default_rng(0)
            judged('resampled' if resampled else 'shifted', rig, people, rng, resampled)


if __name__ == '__main__':
    main()
