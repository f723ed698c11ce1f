"""Writes the example of every format that ``mmpose-ours formats`` shows.

    python tests/helpers/write_examples.py

writes ``mmpose_ours/examples/<family>/<format>/`` anew: calibrations of :func:`example_rig`, and
the keypoints of the fuzzer's samples, by code that is independent of this package's writers where
it does not write the format itself.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / 'mmpose_ours' / 'examples'
for folder in (ROOT, ROOT / 'tests' / 'helpers'):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from format_samples import LAYOUTS, MAKERS, WRITTEN, sample  # noqa: E402

from mmpose_ours.geometry.camera import Camera  # noqa: E402
from mmpose_ours.geometry.rig import CameraRig  # noqa: E402

LENS = (-0.1, 0.02, 0.001, -0.002, 0.0)
# A longer list is broken into lines.
LINE = 96


def example_rig():
    """Two cameras 4 m from the middle and 1 m above the floor, at right angles; mm, z up."""
    K = [[900.0, 0, 640], [0, 900, 360], [0, 0, 1]]
    rotations = {
        'cam0': [[1, 0, 0], [0, 0, -1], [0, 1, 0]],  # looks along y
        'cam1': [[0, 1, 0], [0, 0, -1], [-1, 0, 0]],  # looks along -x
    }
    return CameraRig(
        tuple(
            Camera(name, K, R, (0, 1000, 4000), (1280, 720), LENS) for name, R in rotations.items()
        )
    )


def calibrations():
    """Name of each format or layout, and what writes its example into a folder."""
    for name in (*WRITTEN, *MAKERS, *LAYOUTS):
        yield name, lambda folder, name=name: sample(name, folder, example_rig())


def keypoints():
    """Likewise, of keypoint formats."""
    from tests.fuzz.samples.keypoints import SAMPLES

    for name, (write, _) in SAMPLES.items():
        yield name, write


def readable(value, indent=0):
    """JSON with short lists on one line."""
    line = json.dumps(value)
    if len(line) + indent <= LINE or not isinstance(value, (dict, list)):
        return line
    inside = ' ' * (indent + 1)
    if isinstance(value, dict):
        parts = [f'{json.dumps(k)}: {readable(v, indent + 1)}' for k, v in value.items()]
    elif all(isinstance(v, (int, float)) for v in value):
        return line
    else:
        parts = [readable(v, indent + 1) for v in value]
    opened, closed = '{}' if isinstance(value, dict) else '[]'
    return f'{opened}\n{inside}' + f',\n{inside}'.join(parts) + f'\n{" " * indent}{closed}'


def write(name, make, target):
    """Write one example, JSON in several lines; the same files each time."""
    with tempfile.TemporaryDirectory() as folder:
        inside = Path(folder) / 'example'
        inside.mkdir()
        make(inside)
        for path in sorted(inside.rglob('*.json')):
            path.write_text(readable(json.loads(path.read_text())) + '\n')
        for path in sorted(inside.rglob('*.mat')):  # whose header holds the time
            path.write_bytes(b'MATLAB 5.0 MAT-file'.ljust(116) + path.read_bytes()[116:])
        for path in sorted(inside.rglob('*.p*k*l*')):  # NumPy 2 names its module otherwise
            path.write_bytes(path.read_bytes().replace(b'cnumpy._core.', b'cnumpy.core.'))
        shutil.copytree(inside, target)


def main():
    """Write all of them."""
    for family, examples in (('calibration', calibrations()), ('keypoints', keypoints())):
        shutil.rmtree(EXAMPLES / family, ignore_errors=True)
        for name, make in examples:
            write(name, make, EXAMPLES / family / name.replace(', ', ' ').replace(' ', '-'))


if __name__ == '__main__':
    main()
