"""What one gets on real people: ``make accuracy``, ``make accuracy-quick``.

Every model meets the same real detections of Shelf, with five cameras, all triples and all
pairs of them, and with people taken away. Models that are trained get the same minutes on
synthetic people of the same five cameras. The table is printed; figures are in
``benchmarks/out/accuracy.json``. A row that is there already, made by the same code and
options, is not made again: an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import time
from pathlib import Path
from typing import Any, Callable, Iterator, Sequence

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import CheckpointLoader
from mmengine.structures import InstanceData

import mmpose_ours.registry  # noqa: F401  makes the scope known
from benchmarks.accuracy_rows import ROWS, Row, draw, table
from benchmarks.ours_side import collate
from benchmarks.pizza import pizza1
from benchmarks.problem import SHELF_SIZE, shelf_folder
from benchmarks.shelf import CAMERAS, DETECTIONS, SETTINGS, Answer, Found, Shelf
from benchmarks.training import train
from benchmarks.worker import ROOT
from mmpose_ours.apis.inferencer import MultiviewInferencer
from mmpose_ours.association.epipolar import associate, gather
from mmpose_ours.calibration.alignment.similarity import Similarity
from mmpose_ours.cli.fit_noise import fit
from mmpose_ours.evaluation import evaluate_files
from mmpose_ours.geometry.triangulation import triangulate
from mmpose_ours.io import package_files as paths
from mmpose_ours.io.disk.files import write_json
from mmpose_ours.scope import DATASETS, MODELS
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeletons import COCO17

CHECKPOINTS = Path(__file__).parent / 'out' / 'accuracy'


def main() -> None:
    """Train, test, print."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--quick', action='store_true', help='only what needs no training')
    parser.add_argument('--minutes', type=float, default=25.0, help='of training, each')
    parser.add_argument('--threads', type=int, default=2, help='of training; testing has one')
    parser.add_argument('--only', nargs='+', choices=[*ROWS, 'campus', 'pizza1'], help='these rows')
    parser.add_argument('--fresh', action='store_true', help='make again what is there already')
    parser.add_argument('--out', type=Path, default=Path(__file__).parent / 'out/accuracy.json')
    args = parser.parse_args()
    init_default_scope('mmpose_ours')
    folder = shelf_folder()
    if folder is None:
        raise SystemExit(
            'the real Shelf is not at hand: put its files into a folder shelf/ and name the '
            'folder around it in MMPOSE_OURS_TEST_DATA (see CONTRIBUTING.md)'
        )
    shelf = Shelf(folder)
    result = {} if args.fresh or not args.out.is_file() else json.loads(args.out.read_text())
    for name, row in ROWS.items():
        if (args.only and name not in args.only) or (args.quick and row.trained):
            continue
        bank = row.options.get('bank_file')
        if bank and not (folder.parent / bank).is_file():
            print(f'{name}: skipped, there is no {folder.parent / bank}')
            continue
        stamp = _stamp(row, (args.minutes, args.threads))
        if result.get(name, {}).get('made_by') == stamp:
            print(f'{name}: there already')
            continue
        print(f'{name} ...', flush=True)
        answer, about = prepare(name, row, shelf, args.minutes, args.threads)
        torch.set_num_threads(1)
        figures = {}
        for setting in row.settings:
            figures[setting] = shelf.test(answer, SETTINGS[setting])
            print(f'  {setting}: PCP {figures[setting]["pcp"]:.2f}', flush=True)
        result[name] = {**figures, **about, 'made_by': stamp}
        write_json(args.out, result, indent=1)
    if not args.only or 'campus' in args.only:
        result.update(_where_there('campus_published_tracker', campus, folder.parent / 'campus'))
    if not args.only or 'pizza1' in args.only:
        result.update(_where_there('pizza1_triangulation', pizza1, folder.parent / 'pizza1'))
    write_json(args.out, result, indent=1)
    print(table(result))
    image = args.out.with_suffix('.png')
    draw(result, image)
    print(f'\n{args.out}\n{image}')


def _where_there(name: str, test: Callable, folder: Path) -> dict[str, Any]:
    """Figures of a folder; none, which is said, where it is absent."""
    if not folder.is_dir():
        print(f'{name}: skipped, there is no {folder}')
        return {}
    return {name: test(folder)}


def prepare(
    name: str, row: Row, shelf: Shelf, minutes: float, threads: int
) -> tuple[Answer, dict[str, Any]]:
    """A model that answers, and what is to be known about it."""
    if row.config is None:
        return _one_by_one(plain_triangulation), {}
    config = Config.fromfile(str(paths.share('configs') / row.config))
    options = dict(row.options)
    if 'bank_file' in options:
        options['bank_file'] = str(shelf.folder.parent / options['bank_file'])
    config.model.update(options)
    config.load_from = row.weights
    if row.recorded is not None:
        return functools.partial(as_recorded, config, row.recorded), {}
    if not row.trained:
        model = MODELS.build(config.model).eval()
        if row.weights:
            model.load_state_dict(CheckpointLoader.load_checkpoint(row.weights)['state_dict'])
        return _one_by_one(model.test_step), {}
    options = dict(config.train_dataloader.dataset, rig_file='calibration_shelf.json')
    options.update(data_root=str(shelf.folder), image_size=SHELF_SIZE, num_samples=10**9)
    if row.fitted:
        faults = CHECKPOINTS / f'{name}_faults.json'
        fitted = fit(shelf.dataset(CAMERAS).rig, shelf.folder / DETECTIONS)
        fitted.write(faults, f'fit-noise on {DETECTIONS}')
        options['faults'] = str(faults)
    torch.set_num_threads(threads)
    start = time.monotonic()
    model, steps = train(config, DATASETS.build(options), minutes)
    about = dict(
        training_minutes=(time.monotonic() - start) / 60, training_threads=threads, steps=steps
    )
    CHECKPOINTS.mkdir(parents=True, exist_ok=True)
    torch.save(dict(state_dict=model.state_dict(), meta=about), CHECKPOINTS / f'{name}.pth')
    return _one_by_one(model.test_step), about


def _one_by_one(step: Callable[[dict], list]) -> Answer:
    """Every frame by itself, in the capture volume of the config and with the assumed noise."""

    def answer(items: Sequence[dict]) -> Iterator[Found]:
        for item in items:
            with torch.no_grad():
                found = step(collate([item]))[0].pred_instances
            views = found.views.numpy() if 'views' in found else None
            yield Found(found.keypoints_3d.numpy().astype(np.float64), views)

    return answer


def as_recorded(config: Config, world: Similarity, items: Sequence[dict]) -> Iterator[Found]:
    """The frames as one recording, as ``predict`` runs it: scene and noise are measured first.

    Args:
        config: The model, with the weights in ``load_from``.
        world: From the rig's world to the one in which the rig is given.
        items: The frames.
    """
    rig = items[0]['data_samples'].rig
    inferencer = MultiviewInferencer(config, rig=world.of_rig(rig), any_scale=True, device='cpu')
    keypoints = {
        str(number): {
            camera: Keypoints2D(COCO17, people[(people[..., 2] > 0).any(-1)])
            for camera, people in zip(rig.names, item['inputs']['keypoints'].numpy())
        }
        for number, item in enumerate(items)
    }
    back = world.inverse()
    for result in inferencer.open(keypoints=keypoints):
        views = result.poses.views
        yield Found(back(result.poses.xyz_mm), None if views is None else np.asarray(views))


def plain_triangulation(data: dict) -> list:
    """Groups of detections that fit on each other's epipolar lines, by least squares."""
    for keypoints, sample in zip(data['inputs']['keypoints'], data['data_samples']):
        groups = associate(sample.rig, keypoints.numpy())
        mine = gather(keypoints.numpy(), groups)
        poses = triangulate(sample.rig, mine[..., :2], mine[..., 2])[0]
        # Of the views, the more the better.
        scores = torch.from_numpy((groups >= 0).sum(1))
        sample.pred_instances = InstanceData(keypoints_3d=torch.from_numpy(poses), scores=scores)
    return data['data_samples']


def campus(folder: Path) -> dict[str, Any]:
    """The published tracker's result, scored by this package's PCP."""
    truth, published = folder / 'actorsGT.mat', folder / 'published_tracker_result_3d.json'
    return evaluate_files('campus', truth, published, head='crossview')


def _stamp(row: Row, training: tuple[float, int]) -> str:
    """Tells one result from another: code, weights and configs, the row and its training."""
    digest = hashlib.sha256(repr((row, training if row.trained else None)).encode())
    package, configs, here = ROOT / 'mmpose_ours', paths.share('configs'), Path(__file__).parent
    for path in sorted(
        [
            *package.rglob('*.py'),
            *package.rglob('*.safetensors'),
            *here.glob('*.py'),
            *configs.rglob('*.py'),
        ]
    ):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


if __name__ == '__main__':
    main()
