"""What training buys, for equal minutes: ``python -m benchmarks.accuracy``.

Trains each config's model from scratch for the same time on invented people in the same rig,
and tests all on the same held-out people with a detector's faults, beside plain triangulation
of the same detections, which learns nothing. Where the real Shelf is at hand, the same weights
are tested on its real detections too. Prints a table and writes ``accuracy.json``.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path
from typing import Callable, Sequence

import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData

import mmpose_ours.registry  # noqa: F401  makes the scope known
from benchmarks.ours_side import collate
from benchmarks.problem import SHELF_SIZE, shelf_folder
from benchmarks.report import markdown
from mmpose_ours import paths
from mmpose_ours.association import associate, gather
from mmpose_ours.evaluation.metrics import MultiviewPoseMetric, PCPMetric
from mmpose_ours.files import write_json
from mmpose_ours.registry import DATASETS, MODELS
from mmpose_ours.triangulation import triangulate

CONFIGS = ('ours/faster_voxelpose_ours.py', 'ours/voxelpose_ours_tiny.py')
SHELF_DETECTIONS = 'pred_shelf_openpose_coco.pkl'
WARM_UP_STEPS = 50
SAY_EVERY_S = 30.0
COLUMNS = {
    'recall_500mm': ('recall', '{:.3f}'),
    'MPJPE_mm': ('MPJPE', '{:.1f} mm'),
    'missing_joints': ('joints missing', '{:.1%}'),
    'mAP': ('mAP', '{:.3f}'),
    'AP_50mm': ('AP 50 mm', '{:.3f}'),
    'false_positives_per_frame': ('ghosts per instant', '{:.3f}'),
    'ms': ('time', '{:.1f} ms'),
    'steps': ('steps', '{:,}'),
    'shelf_PCP': ('real Shelf: PCP', '{:.2f}'),
    'shelf_recall_500mm': ('recall', '{:.3f}'),
    'shelf_extra_people_per_frame': ('extra people', '{:.2f}'),
}
Items = Sequence[dict]
Answer = Callable[[dict], list]


def main() -> None:
    """Train, test, print."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('configs', nargs='*', help=f'models to train (default {CONFIGS})')
    parser.add_argument('--minutes', type=float, default=10.0, help='of training, each')
    parser.add_argument('--rig', help='calibration; default: Shelf where it is at hand, else ours')
    parser.add_argument('--scenes', type=int, default=300, help='held-out instants')
    parser.add_argument('--threads', type=int, default=torch.get_num_threads())
    parser.add_argument('--out', type=Path, default=Path(__file__).parent / 'out')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    init_default_scope('mmpose_ours')
    configs = args.configs or [str(paths.share('configs') / name) for name in CONFIGS]

    shelf = None if args.rig else shelf_folder()
    rig = dict(rig_file=args.rig or str(paths.share('configs') / 'ours/rigs/five_cameras.json'))
    real: Items = ()
    if shelf:
        rig = dict(rig_file=str(shelf / 'calibration_shelf.json'), image_size=SHELF_SIZE)
        files = dict(data_root=str(shelf), keypoint_file=SHELF_DETECTIONS)
        real = DATASETS.build(dict(type='ShelfDataset', test_mode=True, **files))
    dataset = dict(type='SyntheticDataset', **rig)
    held_out = DATASETS.build(dict(dataset, num_samples=args.scenes, seed=2, test_mode=True))
    rows = {'plain triangulation': test(triangulated, held_out, real)}
    for config in configs:
        name, loaded = Path(config).stem, Config.fromfile(config)
        model, steps = train(loaded, DATASETS.build(dict(dataset, num_samples=10**9)), args.minutes)
        rows[name] = dict(test(model.test_step, held_out, real), steps=steps)
    shown = {key: column for key, column in COLUMNS.items() if any(key in r for r in rows.values())}
    print(table(rows, shown))
    where = 'Shelf' if shelf else Path(rig['rig_file']).name
    result = dict(rig=where, minutes=args.minutes, threads=args.threads, rows=rows)
    # Of nobody found there is no mean error: NaN, which JSON does not have.
    for row in rows.values():
        row.update({key: None for key, value in row.items() if value != value})
    write_json(args.out / 'accuracy.json', result, indent=2)


def train(config: Config, dataset: Items, minutes: float) -> tuple[torch.nn.Module, int]:
    """Train a config's model with its optimiser and batch size for so long, from scratch.

    The learning rate warms up and falls as a cosine of the time that has passed, so that every
    model has a whole schedule.
    """
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    wrapper = build_optim_wrapper(model, config.optim_wrapper)
    batch, rate = config.train_dataloader.batch_size, wrapper.get_lr()['lr'][0]
    model.train()
    start, said, steps = time.monotonic(), 0.0, 0
    while (passed := (time.monotonic() - start) / 60 / minutes) < 1:
        for group in wrapper.optimizer.param_groups:
            warm = min(1.0, (steps + 1) / WARM_UP_STEPS)
            group['lr'] = rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * passed)))
        items = dataset.__getitems__(list(range(steps * batch, (steps + 1) * batch)))
        losses = model.train_step(collate(items), wrapper)
        steps += 1
        if time.monotonic() - said > SAY_EVERY_S:
            said = time.monotonic()
            shown = ' '.join(f'{key} {value.item():.4f}' for key, value in losses.items())
            print(f'{passed:4.0%}  step {steps}  {shown}', flush=True)
    return model.eval(), steps


@torch.no_grad()
def test(answer: Answer, held_out: Items, real: Items) -> dict[str, float]:
    """Figures on held-out people, and on real ones where there are any."""
    metric = MultiviewPoseMetric()
    answer(collate([held_out[0]]))  # what is worked out once per rig
    seconds = 0.0
    for index in range(len(held_out)):
        data = collate([held_out[index]])
        start = time.perf_counter()
        samples = answer(data)
        seconds += time.perf_counter() - start
        metric.process(None, [sample.to_dict() for sample in samples])
    figures = metric.compute_metrics(metric.results)
    figures['ms'] = seconds / len(held_out) * 1e3
    if len(real):
        pcp = PCPMetric(head='voxelpose_shelf')
        for index in range(len(real)):
            samples = answer(collate([real[index]]))
            pcp.process(None, [sample.to_dict() for sample in samples])
        found = pcp.compute_metrics(pcp.results)
        figures.update({f'shelf_{name}': value for name, value in found.items()})
    return figures


def triangulated(data: dict) -> list:
    """Groups of detections that fit on each other's epipolar lines, triangulated."""
    for keypoints, sample in zip(data['inputs']['keypoints'], data['data_samples']):
        groups = associate(sample.rig, keypoints.numpy())
        mine = gather(keypoints.numpy(), groups)
        poses = triangulate(sample.rig, mine[..., :2], mine[..., 2])[0]
        scores = (groups >= 0).sum(1)  # of the views, the more the better
        sample.pred_instances = InstanceData(keypoints_3d=poses, scores=scores)
    return data['data_samples']


def table(rows: dict[str, dict], columns: dict[str, tuple[str, str]]) -> str:
    """A row per model, as text (Markdown)."""
    head = ['', *(title for title, _ in columns.values())]
    lines = [head, ['---'] * len(head)]
    for name, row in rows.items():
        cells = (form.format(row[key]) if key in row else '-' for key, (_, form) in columns.items())
        lines.append([name, *cells])
    return markdown(lines)


if __name__ == '__main__':
    main()
