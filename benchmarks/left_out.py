"""Left-out-camera error of 3D poses: ``make accuracy-left-out``.

A person whom several cameras detect is estimated without one of them, and the result is projected
into that camera: the distance to its 2D keypoints, which had no part in the estimate, is the error.
It needs no labels, so that it can be measured on any recording. The tables compare the pretrained
pose prior, plain weighted triangulation and Pose2Sim on the same detections of the same people. The
figures are in ``benchmarks/out/left_out.json``.

Synthetic people need no data. Recordings are taken from the folder of test data where there is one,
and from files: ``--recording NAME CALIBRATION KEYPOINTS``.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import os
import time
from pathlib import Path
from typing import Any, Iterable, Iterator, Sequence

import numpy as np
import torch
from mmengine.registry import init_default_scope

import mmpose_ours.registry  # noqa: F401  makes the scope known
from benchmarks.left_out_methods import Cases, People, pose2sim, weighted_dlt
from benchmarks.left_out_recordings import (
    Recording,
    read_recording,
    recordings_of_test_data,
    synthetic_recordings,
)
from benchmarks.report import markdown
from benchmarks.worker import ROOT
from mmpose_ours.io.disk.files import write_json
from mmpose_ours.structures.skeletons import COCO17

OURS, DLT, POSE2SIM = 'ours', 'weighted DLT', 'Pose2Sim'
OURS_THERE = 'ours, joints that Pose2Sim has'
# px. Larger errors count as this: one wrong association would outweigh a thousand joints.
MAX_ERROR_PX = 200.0
# Joints of the left-out camera with a smaller score (0 to 1) judge nobody.
MIN_SCORE = 0.3
GROUPS = {
    'head': ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear'),
    **{
        f'{kind}s': (f'left_{kind}', f'right_{kind}')
        for kind in ('shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle')
    },
}
ALL = 'all'
# Numbers of other cameras, None is three or more, and the titles of the tables.
TABLES = {'three or more other cameras': None, 'two other cameras': 2}
# Neighbouring frames are alike: the bootstrap draws from so many blocks of frames.
BLOCKS, RESAMPLES = 12, 1000


@dataclasses.dataclass(frozen=True, eq=False)
class Errors:
    """Left-out-camera errors of M cases.

    Args:
        of_method: Method to (M, J) errors in px, NaN where it gives no joint.
        judged: (M, J) the joints that count.
        block: (M,) which cases belong together; those of different blocks are independent.
    """

    of_method: dict[str, np.ndarray]
    judged: np.ndarray
    block: np.ndarray


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument(
        '--data',
        type=Path,
        default=Path(os.environ.get('MMPOSE_OURS_TEST_DATA', ROOT.parent / 'shared' / 'data')),
        help='folder of test data; default: MMPOSE_OURS_TEST_DATA',
    )
    parser.add_argument(
        '--recording',
        nargs=3,
        action='append',
        default=[],
        metavar=('NAME', 'CALIBRATION', 'KEYPOINTS'),
        help='another recording; may be repeated',
    )
    parser.add_argument('--frames', type=int, default=60, help='frames that are evaluated, each')
    parser.add_argument('--rigs', type=int, default=20, help='synthetic rigs of each detector')
    parser.add_argument('--scenes', type=int, default=40, help='synthetic scenes of each rig')
    parser.add_argument(
        '--pose2sim', type=Path, metavar='PYTHON', help='the Python of an environment with Pose2Sim'
    )
    parser.add_argument(
        '--held-out',
        action='store_true',
        help='measure scene and noise on the first half of a recording, evaluate the second half',
    )
    parser.add_argument('--out', type=Path, default=Path(__file__).parent / 'out/left_out.json')
    args = parser.parse_args()
    init_default_scope('mmpose_ours')
    torch.set_num_threads(1)
    result: dict[str, Any] = {title: {} for title in TABLES}
    for name, group in itertools.groupby(_recordings(args), lambda recording: recording.name):
        start = time.monotonic()
        errors_by_table = measure_all(group, args.frames, args.pose2sim, args.held_out)
        for title, errors in errors_by_table.items():
            result[title][name] = figures(errors)
        write_json(args.out, result, indent=1)
        print(f'{name}: {time.monotonic() - start:.0f} s', flush=True)
    for title, rows in result.items():
        print(f'\n{title.capitalize()}\n\n{table(rows)}\n')
        print('\n'.join(verdicts(rows)))
    print(f'\n{args.out}')


def _recordings(args: argparse.Namespace) -> Iterator[Recording]:
    yield from recordings_of_test_data(args.data)
    for name, calibration, keypoints in args.recording:
        yield read_recording(name, Path(calibration), Path(keypoints))
    yield from synthetic_recordings(args.rigs, args.scenes)


def measure_all(
    recordings: Iterable[Recording], most_frames: int, python: Path | None, held_out: bool
) -> dict[str, Errors]:
    """The errors of some recordings together, by title of the table."""
    parts: dict[str, list[Errors]] = {title: [] for title in TABLES}
    for recording in recordings:
        for title, errors in measure(recording, most_frames, python, held_out).items():
            parts[title].append(errors)
    return {title: _joined(of_table) for title, of_table in parts.items()}


def measure(
    recording: Recording, most_frames: int, python: Path | None = None, held_out: bool = False
) -> dict[str, Errors]:
    """Left-out-camera errors of one recording, by title of the table.

    Args:
        recording: The keypoints.
        most_frames: Number of frames to evaluate, evenly spread.
        python: The Python of an environment with Pose2Sim; None leaves Pose2Sim out.
        held_out: See :class:`~benchmarks.left_out_methods.People`.
    """
    people = People(recording, most_frames, held_out)
    result = {}
    for title, others in TABLES.items():
        cases, person = people.cases(others)
        poses = {OURS: people.estimate(cases, person), DLT: weighted_dlt(cases)}
        # It takes milliseconds per joint: half an hour for the synthetic people.
        if python is not None and not recording.synthetic:
            poses[POSE2SIM] = pose2sim(cases, python)
        of_method = {method: errors_px(cases, xyz_mm) for method, xyz_mm in poses.items()}
        count = (cases.given[..., 2] > 0).sum(1)
        # Where plain triangulation has no result there is nothing to compare with.
        judged = (cases.target[..., 2] > MIN_SCORE) & np.isfinite(poses[DLT]).all(-1)
        judged &= count >= 3 if others is None else count == others
        # Scenes of one synthetic rig share its cameras and its detector.
        block = cases.frame * (0 if recording.synthetic else BLOCKS) // len(people.samples)
        result[title] = Errors(of_method, judged, block)
    return result


def errors_px(cases: Cases, xyz_mm: np.ndarray) -> np.ndarray:
    """Distances from the keypoints of the left-out cameras.

    Args:
        cases: M cases.
        xyz_mm: (M, J, 3) poses in the world of the rig; NaN where a joint is missing.

    Returns:
        (M, J) in px, at most :data:`MAX_ERROR_PX`, which is also the error of a joint behind the
        camera; NaN where a joint is missing.
    """
    error = np.full(xyz_mm.shape[:-1], np.nan)
    for view, camera in enumerate(cases.rig):
        rows = np.flatnonzero(cases.view == view)
        uv = camera.project(xyz_mm[rows])[0]
        distance = np.linalg.norm(uv - cases.target[rows, :, :2], axis=-1)
        error[rows] = np.fmin(distance, MAX_ERROR_PX)
    return np.where(np.isfinite(xyz_mm).all(-1), error, np.nan)


def _joined(parts: Sequence[Errors]) -> Errors:
    """The errors of several recordings, whose blocks differ."""
    first = np.cumsum([0, *(part.block.max(initial=0) + 1 for part in parts)])
    return Errors(
        {name: np.concatenate([p.of_method[name] for p in parts]) for name in parts[0].of_method},
        np.concatenate([part.judged for part in parts]),
        np.concatenate([part.block + offset for part, offset in zip(parts, first)]),
    )


def figures(errors: Errors) -> dict[str, Any]:
    """Means of each method and joint group, and how sure the differences to plain DLT are."""
    result: dict[str, Any] = {
        'joints': int(errors.judged.sum()),
        'methods': {m: _means(e, errors.judged) for m, e in errors.of_method.items()},
    }
    if POSE2SIM in errors.of_method:
        there = errors.judged & np.isfinite(errors.of_method[POSE2SIM])
        result['methods'][OURS_THERE] = _means(errors.of_method[OURS], there)
    difference = errors.of_method[OURS] - errors.of_method[DLT]
    result['ours_minus_dlt_interval'] = {
        group: _interval(difference[:, columns], errors.judged[:, columns], errors.block)
        for group, columns in _columns().items()
    }
    return result


def _columns() -> dict[str, list[int]]:
    """Indices of the joints of each group."""
    groups = {group: list(COCO17.index(*joints)) for group, joints in GROUPS.items()}
    return {**groups, ALL: list(range(len(COCO17)))}


def _means(error: np.ndarray, judged: np.ndarray) -> dict[str, Any]:
    """Mean error per group in px, None without joints, and the share of missing joints."""
    known = judged & np.isfinite(error)
    means: dict[str, Any] = {}
    for group, columns in _columns().items():
        values = error[:, columns][known[:, columns]]
        means[group] = float(values.mean()) if len(values) else None
    return {**means, 'missing': float(1 - known.sum() / max(1, judged.sum()))}


def _interval(
    difference: np.ndarray, judged: np.ndarray, block: np.ndarray
) -> tuple[float, float] | None:
    """95 % interval of the mean difference in px, by a bootstrap over blocks; None of one block."""
    total = np.bincount(block, np.where(judged, difference, 0.0).sum(1))
    count = np.bincount(block, judged.sum(1))
    total, count = total[count > 0], count[count > 0]
    if len(count) < 2:
        return None
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(count), size=(RESAMPLES, len(count)))
    means = total[drawn].sum(1) / count[drawn].sum(1)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)


def table(rows: dict[str, Any]) -> str:
    """A line per recording and method, as text (Markdown)."""
    head = ['recording', 'method', *_columns(), 'missing']
    lines = [head, ['---'] * len(head)]
    for name, row in rows.items():
        title = f'{name} ({row["joints"]:,} joints)'
        for method, means in row['methods'].items():
            cells = ['-' if means[g] is None else f'{means[g]:.1f}' for g in _columns()]
            lines.append([title, method, *cells, f'{means["missing"]:.1%}'])
            title = ''
    return markdown(lines)


def verdicts(rows: dict[str, Any]) -> list[str]:
    """Where ours is worse than plain DLT, a line per group."""
    lines = []
    for name, row in rows.items():
        ours, dlt = row['methods'][OURS], row['methods'][DLT]
        for group, interval in row['ours_minus_dlt_interval'].items():
            if ours[group] is None or ours[group] <= dlt[group]:
                continue
            text = f'{name}, {group}: ours {ours[group]:.2f} px, weighted DLT {dlt[group]:.2f} px'
            if interval is not None:
                sure = 'worse' if interval[0] > 0 else 'no significant difference'
                text += f', difference {interval[0]:+.2f} to {interval[1]:+.2f} px: {sure}'
            lines.append(f'- {text}')
    if lines:
        return ['Where the mean error of ours is larger than that of weighted DLT:', '', *lines]
    return ['The mean error of ours is nowhere larger than that of weighted DLT.']


if __name__ == '__main__':
    main()
