"""What is measured: one row of the table per stage, and both sides taking turns at it."""

from __future__ import annotations

import dataclasses
import statistics
from typing import Any, Iterable, Sequence

from benchmarks.worker import ROOT, Worker

FAST_MODEL = ROOT / 'configs' / 'ours' / 'faster_voxelpose_ours.py'
# Stages beyond this many seconds are measured in fewer rounds.
SLOW_SECONDS, SLOW_ROUNDS = 3.0, 3


@dataclasses.dataclass(frozen=True)
class Stage:
    """One row.

    Args:
        name: Its key in ``bench.json``.
        what: What the row measures, for the table.
        request: The stage that both sides are asked for.
        options: For both sides.
        ours_only: Options that only our side takes.
        on_gpu: Whether a GPU can do it.
    """

    name: str
    what: str
    request: str
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    ours_only: dict[str, Any] = dataclasses.field(default_factory=dict)
    on_gpu: bool = False


def usual_stages(configs: Sequence[str] = ()) -> list[Stage]:
    """The rows of the table.

    Args:
        configs: Further configs whose models are measured against stock VoxelPose.
    """
    three, five = dict(people=3), dict(people=5)
    same_weights = Stage(
        'voxelpose_same_weights', 'VoxelPose, same weights, 3 people', 'frame', three, on_gpu=True
    )
    stages = [
        Stage('scene_sampling', 'training item, as the loader gets it', 'scene_sampling'),
        Stage('scene_placement', 'the same, stock without faults, heatmaps', 'scene_placement'),
        Stage('sample_with_heatmaps', 'training item with its heatmaps', 'sample_with_heatmaps'),
        Stage('heatmaps', 'heatmaps of 5 people', 'heatmaps', five, on_gpu=True),
        Stage('coarse_projection', 'heatmaps into the space', 'coarse_projection', on_gpu=True),
        Stage('center_net', 'centre net', 'center_net', on_gpu=True),
        Stage(
            'person_projection', 'heatmaps into 3 cubes', 'person_projection', three, on_gpu=True
        ),
        Stage('pose_net', 'pose net, 3 people', 'pose_net', three, on_gpu=True),
        same_weights,
        dataclasses.replace(
            same_weights,
            name='voxelpose_bfloat16',
            what='the same in bfloat16 (stock: float32)',
            ours_only=dict(precision='bfloat16'),
        ),
        Stage('voxelpose_train_step', 'training step, 5 people', 'train_step', five, on_gpu=True),
    ]
    models = {'fast_model': str(FAST_MODEL)}
    models.update({ROOT.joinpath(config).stem: str(ROOT / config) for config in configs})
    for name, config in models.items():
        own = dict(config=config)
        frame = f'{name}, 5 people (stock: VoxelPose)'
        step = f'{name}, training step (stock: VoxelPose)'
        stages.append(Stage(f'{name}_frame', frame, 'frame', five, own, on_gpu=True))
        stages.append(Stage(f'{name}_train_step', step, 'train_step', five, own, on_gpu=True))
    return stages


def take_turns(
    stages: Iterable[Stage],
    ours: Worker,
    stock: Worker | None,
    rounds: int,
    seconds: float,
    threads: int,
    device: str = 'cpu',
    quiet: bool = False,
) -> dict[str, dict]:
    """Measure all stages, ours and stock in turn, in several rounds.

    Args:
        stages: What to measure.
        ours: Our worker.
        stock: The stock worker, or None to measure ours alone.
        rounds: Times that each stage is measured.
        seconds: Time that a stage's calls fill in one round, at least one call.
        threads: Threads of either side.
        device: ``cpu`` or ``cuda``.
        quiet: Whether to leave out the lines of progress.

    Returns:
        :func:`compare` of every stage.
    """
    times: dict[str, dict[str, list]] = {}
    stages = list(stages)
    for number in range(rounds):
        measured: dict[str, dict] = {}  # of stock in this round: rows may share it
        for stage in stages:
            own = times.setdefault(stage.name, dict(ours=[], stock=[]))
            if number >= SLOW_ROUNDS and _median(own['ours'] + own['stock']) > SLOW_SECONDS:
                continue
            common = dict(stage.options, stage=stage.request, seconds=seconds, threads=threads)
            if device != 'cpu' and stage.on_gpu:
                common['device'] = device
            own['ours'].append(ours.ask('measure', **common, **stage.ours_only))
            if stock is not None:
                key = repr(sorted(common.items()))
                if key not in measured:
                    measured[key] = stock.ask('measure', **common)
                own['stock'].append(measured[key])
        if not quiet:
            print(f'round {number + 1} of {rounds}', flush=True)
    return {name: compare(own['ours'], own['stock']) for name, own in times.items()}


def _median(times: list[dict]) -> float:
    return statistics.median(time['wall'] for time in times)


def compare(ours: Sequence[dict], stock: Sequence[dict]) -> dict:
    """Medians, spreads and ratio of one stage.

    Args:
        ours: One measurement per round, ``wall`` and ``cpu`` seconds.
        stock: The same of stock; empty where it was not measured.

    Returns:
        ``ours``, ``stock`` (median seconds), ``ratio`` (how many times faster ours is),
        ``ours_spread``, ``stock_spread`` (fastest, slowest), ``cpu_ratio`` (of the seconds of
        all threads), ``rounds``. None for what was not measured.
    """
    entry: dict[str, Any] = {}
    cpu = {}
    for side, times in dict(ours=ours, stock=stock).items():
        wall = [time['wall'] for time in times]
        entry[side] = statistics.median(wall) if times else None
        entry[f'{side}_spread'] = [min(wall), max(wall)] if times else None
        cpu[side] = statistics.median(time['cpu'] for time in times) if times else 0.0
    entry['ratio'] = entry['stock'] / entry['ours'] if stock else None
    entry['cpu_ratio'] = cpu['stock'] / cpu['ours'] if stock and cpu['ours'] else None
    entry['rounds'] = len(ours)
    return entry
