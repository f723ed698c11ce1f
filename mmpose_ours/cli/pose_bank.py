"""The command ``pose-bank``: recordings of people become a bank of poses, and how good it is."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Sequence

import numpy as np

from mmpose_ours.cli.outputs import refuse_replaced
from mmpose_ours.errors import InputError, PathLike
from mmpose_ours.synthetic.poses.bank_files import write_bank
from mmpose_ours.synthetic.poses.coverage import COVERED_MM, measure_coverage, spread_mm, thin
from mmpose_ours.synthetic.poses.pose_bank import PoseBank
from mmpose_ours.synthetic.poses.pose_kinds import missed_kinds
from mmpose_ours.synthetic.poses.realism import FAULTS, measure_realism
from mmpose_ours.synthetic.poses.sources import BUILT_IN, PoseSource, read_source
from mmpose_ours.text import counted

THIN_MM = 20.0
# More knees than this bend forwards where left and right are exchanged.
MIRRORED = 0.2
# A part that is this far from what it is in a body of the same stature is worth a word.
ODD_PART = 0.2
# Heads of the table, in the order of its columns.
HEADS = ('poses', 'joints', 'stature', *FAULTS, 'sound', 'head low', 'spread')


def merge_sources(
    sources: Sequence[PoseSource],
    *,
    every: int = 1,
    most: int | None = None,
    thin_mm: float = THIN_MM,
    sound_only: bool = False,
) -> tuple[list[PoseBank], PoseBank]:
    """Take what each source gives and put it together.

    Args:
        sources: In this order; of poses that are alike the first stays.
        every: Of a file, only every so many poses are taken.
        most: So many of each source at most, evenly spread.
        thin_mm: See :func:`mmpose_ours.synthetic.poses.coverage.thin`.
        sound_only: Leave out poses with a fault (:mod:`mmpose_ours.synthetic.poses.realism`).

    Returns:
        What was taken of each source, and all of it without what is there twice.
    """
    taken = []
    for source in sources:
        bank = source.bank
        if source.name != BUILT_IN:
            bank = bank.take(np.arange(0, len(bank), min(every, max(1, len(bank)))))
        if sound_only:
            bank = bank.take(measure_realism(bank).sound)
        bank = bank.take(thin(bank, thin_mm))
        if most is not None and len(bank) > most:
            bank = bank.take(np.linspace(0, len(bank) - 1, most).astype(int))
        taken.append(bank)
    poses = np.concatenate([bank.poses for bank in taken])
    visible = np.concatenate([bank.visible for bank in taken])
    together = PoseBank(poses, visible)
    if not len(together):
        raise InputError(
            'no source has a sound pose; leave out --sound-only to see their faults',
            code='no-data',
        )
    return taken, together.take(thin(together, thin_mm)) if len(taken) > 1 else together


def measures(bank: PoseBank, of: PoseBank | None = None) -> list[str]:
    """The cells of one row of the table: :data:`HEADS`, and the coverage of other poses."""
    if not len(bank):
        return ['0', *['-'] * (len(HEADS) - 1 + 2 * (of is not None))]
    realism = measure_realism(bank)
    stature = realism.stature_mm[np.isfinite(realism.stature_mm)]
    cells = [str(len(bank)), f'{realism.known:.1%}']
    cells.append(f'{np.median(stature):.0f}±{stature.std():.0f}' if len(stature) else '-')
    cells += [f'{realism.faults[fault].mean():.1%}' for fault in FAULTS]
    cells += [f'{realism.sound.mean():.1%}', f'{realism.head_below_hips.mean():.1%}']
    cells.append(f'{spread_mm(bank):.0f}')
    if of is not None:
        coverage = measure_coverage(bank, of)
        cells += [f'{coverage.share:.1%}', f'{coverage.median_mm:.0f}']
    return cells


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument('out', metavar='OUT.npz', help='the bank to write; an image goes beside it')
    parser.add_argument(
        'sources',
        nargs='+',
        metavar='SOURCE',
        help=f"'{BUILT_IN}', or a file: BVH, TRC, SMPL joints (npy, npz), your own people "
        '(Predictions JSON), a pickle like panoptic_training_pose.pkl, another bank',
    )
    parser.add_argument(
        '--unit',
        metavar='{mm,cm,m,FACTOR}',
        help='unit of BVH, TRC and SMPL files, or millimetres per unit (default: what the file '
        'says, or what fits its legs)',
    )
    parser.add_argument(
        '--up',
        metavar='{x,-x,y,-y,z,-z}',
        help='axis that points up in BVH, TRC and SMPL files (default: recognised by the motion)',
    )
    parser.add_argument(
        '--every', type=int, default=1, metavar='N', help='take every Nth pose of a file'
    )
    parser.add_argument('--max', type=int, metavar='N', help='at most N poses of each source')
    parser.add_argument(
        '--thin',
        type=float,
        default=THIN_MM,
        metavar='MM',
        help='leave out poses whose joints are this near to those of another '
        f'(default {THIN_MM:g}; 0 for exact copies only)',
    )
    parser.add_argument('--sound-only', action='store_true', help='leave out poses with a fault')
    parser.add_argument(
        '--coverage-of',
        metavar='FILE',
        help='say how much of these poses each source has, e.g. of your own triangulated people',
    )


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0.

    Raises:
        InputError, OSError: A file cannot be read or written, or a number makes no sense.
    """
    if args.every < 1 or (args.max is not None and args.max < 1) or not args.thin >= 0:
        raise InputError(
            f'--every is {args.every}, --max {args.max} and --thin {args.thin:g}; expected 1 or '
            'more, 1 or more, and 0 or more',
            code='out-of-range',
            found=(args.every, args.max, args.thin),
            expected=(1, 1, 0),
        )
    if Path(args.out).suffix != '.npz':
        raise InputError(
            f'{args.out}: a bank is an npz file; name it {Path(args.out).stem}.npz',
            code='unknown-name',
            file=args.out,
            found=Path(args.out).suffix,
            expected='.npz',
        )
    refuse_replaced([*args.sources, args.coverage_of], [args.out])
    sources = [read_source(source, args.unit, args.up) for source in args.sources]
    of = read_source(args.coverage_of, args.unit, args.up) if args.coverage_of else None
    taken, together = merge_sources(
        sources,
        every=args.every,
        most=args.max,
        thin_mm=args.thin,
        sound_only=args.sound_only,
    )
    for source in sources if of is None else (*sources, of):
        note = f'; {source.note}' if source.note else ''
        print(f'{source.name}: {source.kind}, {counted(len(source.bank), "pose")}{note}')
    print()
    _print_table(sources, taken, together, None if of is None else of.bank)
    _warn(sources)

    write_bank(args.out, together)
    image = Path(args.out).with_suffix('.png')
    written = _draw(image, together, f'{counted(len(together), "pose")} of {_named(args.sources)}')
    print(f'\nwrote {args.out}{f" and {image}" if written else ""}')
    print(f"for the config: type='SyntheticDataset', bank_file={args.out!r}")
    return 0


def _print_table(
    sources: Sequence[PoseSource],
    taken: Sequence[PoseBank],
    together: PoseBank,
    of: PoseBank | None,
) -> None:
    heads = ['source', *HEADS]
    if of is not None:
        heads += ['covers', 'nearest']
    rows = [[Path(s.name).name, *measures(bank, of)] for s, bank in zip(sources, taken)]
    if len(rows) > 1:
        rows.append(['together', *measures(together, of)])
    widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads))]
    for row in (heads, *rows):
        cells = [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:]))]
        print('  '.join(cells))
    print('\nshares of poses; stature and distances in mm; faults: docs/poses.md')
    if of is not None:
        print(
            f'covers: share of the other poses with a neighbour within {COVERED_MM:g} mm; nearest: '
            'the median distance to it'
        )
        print('\nkind of the other pose     poses  missed')
        for kind in missed_kinds(together, of):
            print(f'{kind.name:25s}  {kind.count:5d}  {kind.missed:6.1%}')


def _warn(sources: Sequence[PoseSource]) -> None:
    """Say on stderr what a whole source has in common that people have not."""
    for source in sources:
        realism = measure_realism(source.bank)
        backwards = realism.faults['knees'].mean()
        if backwards > MIRRORED:
            print(
                f'warning: {source.name}: knees bend the wrong way in {backwards:.0%} of its '
                'poses; left and right may be exchanged: export it right-handed and not mirrored',
                file=sys.stderr,
            )
        odd = [
            f'{part} {share - 1:+.0%}'
            for part, share in realism.proportions.items()
            if abs(share - 1) > ODD_PART
        ]
        if odd:
            print(
                f'warning: {source.name}: against people of their stature, lengths are off: '
                f'{", ".join(odd)}; its joints may lie elsewhere than those of a pose estimator',
                file=sys.stderr,
            )


def _draw(path: PathLike, bank: PoseBank, title: str) -> bool:
    """Whether the image could be drawn; a machine without Matplotlib still gets its bank."""
    try:
        from mmpose_ours.visualization.figures.pose_sheet import write_poses_image
    except ImportError as error:
        print(f'no image: {error}; pip install matplotlib')
        return False
    write_poses_image(path, bank, title)
    return True


def _named(sources: Sequence[PathLike]) -> str:
    names = [Path(source).name for source in sources]
    return (
        ', '.join(names) if len(names) <= 3 else f'{", ".join(names[:2])} and {len(names) - 2} more'
    )
