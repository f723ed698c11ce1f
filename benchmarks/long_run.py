"""Time and memory of ``mmpose-ours predict`` on recordings of growing length.

    python -m benchmarks.long_run RIG KEYPOINTS --frames 1000 10000 --no-page

A recording's keypoints are repeated until there are enough frames.
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mmpose_ours.detections import DetectionsWriter, read_detections
from mmpose_ours.recordings.frame_matching import frame_order


def measured(command: list[str]) -> tuple[float, float, str]:
    """Run a command; its seconds, the peak of its memory in MB, and what it printed."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(said)
    return time.perf_counter() - start, usage.ru_maxrss / 1024, said


def main() -> None:
    """Print a line for each length."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('rig', help='calibration of any format')
    parser.add_argument('keypoints', help='2D keypoints of it, any format of ours')
    parser.add_argument('--frames', type=int, nargs='+', default=[1000, 10000])
    args, more = parser.parse_known_args()  # what is left goes to predict
    detections = read_detections(args.keypoints)
    order = sorted(detections, key=frame_order)
    for count in args.frames:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / 'keypoints_2d.npz'
            with DetectionsWriter(path) as writer:
                for number, frame in enumerate(itertools.islice(itertools.cycle(order), count)):
                    writer.add(str(number), detections[frame])
            command = [sys.executable, '-m', 'mmpose_ours.cli.main', 'predict', '--rig', args.rig]
            command += ['--keypoints', str(path), '--out', folder, *more]
            seconds, peak_mb, said = measured(command)
            size_mb = path.stat().st_size / 1e6
            summary = next(line for line in said.splitlines() if line.startswith('poses'))
            found = summary.split()[1]
            print(
                f'{count} frames: {seconds:.0f} s, peak {peak_mb:.0f} MB (keypoint file '
                f'{size_mb:.1f} MB), {found} poses',
                flush=True,
            )


if __name__ == '__main__':
    main()
