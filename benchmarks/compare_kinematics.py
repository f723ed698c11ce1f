"""How far two TRC files, or two OpenSim motions, are from each other, row by row.

    python -m benchmarks.compare_kinematics FIRST.trc SECOND.trc
    python -m benchmarks.compare_kinematics FIRST.mot SECOND.mot

Of TRC files it prints the distance in mm of each marker that both have, of motions the difference
in degrees of each angle that moves. Both files have the same frames, however these are numbered.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import numpy as np

from mmpose_ours.io.disk.files import MM_PER_UNIT
from mmpose_ours.synthetic.poses.trc_reader import read_trc

# Coordinates of a motion that are lengths.
_LENGTH = re.compile('.*_t[xyz]$')
# Degrees. An angle that moves less is locked by the model.
_LOCKED = 0.01


def markers(path: Path) -> dict[str, np.ndarray]:
    """By marker (T, 3) in mm."""
    names, xyz, unit = read_trc(path)
    return {name: xyz[:, index] * MM_PER_UNIT[unit] for index, name in enumerate(names)}


def angles(path: Path) -> dict[str, np.ndarray]:
    """By coordinate that is an angle (T, 1) in degrees."""
    lines = path.read_text(encoding='utf-8').splitlines()
    start = lines.index('endheader') + 1
    if 'inDegrees=yes' not in lines[:start]:
        raise SystemExit(f'{path}: the angles are not in degrees')
    values = np.array([[float(cell) for cell in line.split()] for line in lines[start + 1 :]])
    names = lines[start].split()
    return {
        name: values[:, [index]]
        for index, name in enumerate(names)
        if index and not _LENGTH.fullmatch(name) and np.ptp(values[:, index]) > _LOCKED
    }


def differences(first: Path, second: Path) -> dict[str, np.ndarray]:
    """By marker or angle (T,) the distance, NaN where one of them is missing."""
    read = angles if first.suffix == '.mot' else markers
    a, b = read(first), read(second)
    both = [name for name in a if name in b]
    found = {name: np.linalg.norm(a[name] - b[name], axis=-1) for name in both}
    if read is angles:
        found = {name: np.minimum(apart, np.abs(360 - apart)) for name, apart in found.items()}
    return found


def main() -> None:
    """Print a line for each marker or angle, and one for all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('first', type=Path)
    parser.add_argument('second', type=Path)
    args = parser.parse_args()
    found = differences(args.first, args.second)
    unit = 'degrees' if args.first.suffix == '.mot' else 'mm'
    print(f'{unit:24} median    90 %')
    for name, apart in found.items():
        middle, most = np.nanpercentile(apart, [50, 90])
        print(f'{name:24} {middle:6.1f}  {most:6.1f}')
    print(f'{"all":24} {np.nanmedian(np.concatenate(list(found.values()))):6.1f}')


if __name__ == '__main__':
    main()
