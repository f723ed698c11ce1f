"""Our code against stock MMPose 0.29, side by side on this machine: ``make bench``.

Prints a table (medians, spreads, ratios) and writes ``bench.json`` (seconds) and
``bench.png`` into ``benchmarks/out``. Times of different machines do not compare, ratios do
within reason. docs/performance.md says what each row means.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from pathlib import Path

from benchmarks import report
from benchmarks.agreement import bfloat16_error_mm, check_agreement
from benchmarks.problem import QUICK, Sizes, usual_rig, write_problem
from benchmarks.stages import take_turns, usual_stages
from benchmarks.sweep import fast_model_shares, sweep, time_shares
from benchmarks.worker import ROOT, Worker
from mmpose_ours.io.disk.files import write_json

RATES = ('sgemm_gflops', 'bfloat16_gflops', 'memory_gb_per_s', 'load')
STOCK_PYTHON = ROOT / '.venv-stock' / 'bin' / 'python'
OURS = [sys.executable, '-m', 'benchmarks.ours_side']
STOCK = [str(STOCK_PYTHON), '-m', 'benchmarks.stock_side']


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--rounds', type=int, default=5, help='times that each row is measured')
    parser.add_argument('--threads', type=int, default=_free_cores(), help='of either side')
    parser.add_argument('--config', nargs='*', default=[], help='models to measure as well')
    parser.add_argument('--sweep', action='store_true', help='vary views, people, batch, threads')
    parser.add_argument('--quick', action='store_true', help='small volumes: does it run at all?')
    parser.add_argument('--ours-only', action='store_true', help='without the stock environment')
    parser.add_argument('--out', type=Path, default=Path(__file__).parent / 'out')
    parsed = parser.parse_args(arguments)
    if parsed.rounds < 1 or parsed.threads < 1:
        parser.error('--rounds and --threads must be 1 or more')
    for config in parsed.config:
        if not (ROOT / config).is_file():
            parser.error(f'no config {config}; name one relative to the checkout, as configs/...')
    if not parsed.ours_only and not STOCK_PYTHON.exists():
        parser.error('no .venv-stock: `make bench` makes it; --ours-only does without')
    return parsed


def main() -> None:
    """Run the benchmark."""
    args = parse_arguments()
    sizes, seconds = (QUICK, 0.01) if args.quick else (Sizes(), 0.3)
    rig, rig_name = usual_rig()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) / 'usual'
        write_problem(folder, rig, sizes)
        ours = stack.enter_context(Worker('our', OURS, args.threads))
        stock = None
        if not args.ours_only:
            stock = stack.enter_context(Worker('stock', STOCK, args.threads))
        sides = {'ours': ours, **({'stock': stock} if stock else {})}
        result: dict = dict(rig=rig_name, sizes=vars(sizes))
        result['versions'] = {name: side.ask('describe') for name, side in sides.items()}
        for side in sides.values():
            side.ask('load', folder=str(folder))
        if stock:
            result['agreement'] = check_agreement(folder, ours, stock)
            print('ours and stock agree:', report.one_line(result['agreement']), flush=True)
        block = dict(size=256, megabytes=16) if args.quick else {}
        before = ours.ask('machine', threads=args.threads, **block)

        stages = usual_stages(args.config)
        turns = dict(rounds=args.rounds, seconds=seconds, threads=args.threads)
        rows = take_turns(stages, ours, stock, **turns)
        if all(version['gpu'] for version in result['versions'].values()):
            on_gpu = [stage for stage in stages if stage.on_gpu]
            result['gpu'] = take_turns(on_gpu, ours, stock, device='cuda', **turns)
        # A limit is the best that was seen: other programs may be at work at either time.
        after = ours.ask('machine', threads=args.threads, **block)
        result['machine'] = {**before, **{k: max(before[k], after[k]) for k in RATES}}
        if stock:
            rows['voxelpose_bfloat16']['error_mm'] = bfloat16_error_mm(folder)
        result['loader_bytes'] = _loader_bytes(sides)
        result['shares'] = time_shares(sides, rows, result['machine'])
        result['fast_model_shares'] = fast_model_shares(ours, result['machine'], args.threads)
        result.update(rows)
        if args.sweep:
            result['sweep'] = sweep(folder.parent, ours, stock, sizes, args)

    print(report.table(stages, result))
    # Beside its float32 row, where readers look for it.
    result['voxelpose_same_weights']['bfloat16'] = result.pop('voxelpose_bfloat16')
    write_json(args.out / 'bench.json', result, indent=2)
    written = ['bench.json', *report.plots(args.out, stages, result)]
    print('written:', ', '.join(str(args.out / name) for name in written))


def _loader_bytes(sides: dict[str, Worker]) -> dict:
    found = {name: side.ask('item_bytes') for name, side in sides.items()}
    stock = found.get('stock')
    return dict(ours=found['ours'], stock=stock, ratio=stock / found['ours'] if stock else None)


def _free_cores() -> int:
    """Cores that this process may use; containers often lend only some."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


if __name__ == '__main__':
    main()
