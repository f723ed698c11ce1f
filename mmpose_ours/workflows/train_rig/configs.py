"""The configs that ``train-rig`` writes: the installed ones with this rig, this detector.

``trained.py``, ``box.py`` and ``triangulation.py`` work on the whole of the user's recording and
are what is used afterwards; those of single tests build on them.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Sequence

from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.io import package_files as paths
from mmpose_ours.io.config_text import assigned, literal
from mmpose_ours.workflows.rig_folder import BOX_WEIGHTS
from mmpose_ours.workflows.train_rig.job import (
    BOX,
    KEYPOINT_FILE,
    MODELS,
    TRAINED,
    TRIANGULATION,
    Site,
)

MADE = 'Made by `mmpose-ours train-rig`, which writes it again.'
# Of a training by the clock; each ends with a checkpoint, so this much of it can be lost.
EPOCHS = 10
WARM_UP_STEPS = 100
# Frames that a test looks at together.
TEST_BATCH = 4


def training_config(
    site: Site,
    space: CaptureVolume,
    faults: str | None,
    epochs: int,
    frames: int,
    seconds: float | None = None,
) -> str:
    """The config that is trained, and used afterwards.

    Args:
        site: Rig and model.
        space: Where people are generated and looked for.
        faults: Detector noise: a file of ``fit-noise``, the name of a profile, or None for the
            default.
        epochs: How many.
        frames: In each.
        seconds: At which the training ends, also before the last epoch; None for no limit.
    """
    model = MODELS[site.model]
    steps = max(1, epochs * frames // model.batch)
    warm_up = max(1, min(WARM_UP_STEPS, steps // 10))
    load_from = BOX_WEIGHTS if site.model == 'prior' and site.box_file else None
    synthetic: dict[str, Any] = {} if faults is None else {'faults': faults}
    lines = _head(site, space, TRAINED)
    lines += [
        f'generated = dict(**rig{_words(synthetic)})',
        f'train_dataloader = dict(batch_size={model.batch}, '
        f'dataset=dict(num_samples={frames}, **generated))',
        'val_dataloader = dict(dataset=generated)',
        *_recording(site, TRAINED),
        _train_cfg(epochs, seconds),
        'param_scheduler = [',
        f"    dict(type='LinearLR', start_factor=0.02, begin=0, end={warm_up}, by_epoch=False),",
        f"    dict(type='CosineAnnealingLR', eta_min_ratio=0.01, begin=0, end={epochs}, "
        'by_epoch=True,',
        '         convert_to_iter_based=True),',
        ']',
        f'load_from = {literal(load_from)}',
        f'default_hooks = dict(logger=dict(interval={max(1, min(20, steps // epochs))}))',
    ]
    return _text(lines)


def _train_cfg(epochs: int, seconds: float | None) -> str:
    length = f'max_epochs={epochs}, val_interval={epochs}'
    if seconds is None:
        return f'train_cfg = dict({length})'
    return f"train_cfg = dict(_delete_=True, type='TimedTrainLoop', {length}, seconds={seconds:g})"


def using_config(site: Site, space: CaptureVolume, contender: str) -> str:
    """The config of a contender that is not trained."""
    lines = [*_head(site, space, contender), *_recording(site, contender)]
    if contender != TRIANGULATION:
        lines += ['train_dataloader = dict(dataset=rig)', 'val_dataloader = dict(dataset=rig)']
    return _text(lines)


def test_config(
    contender: str,
    keypoints: Path,
    out: Path,
    truth: Path | None = None,
    cameras: Sequence[str] | None = None,
) -> str:
    """The config of one test, which lies beside the contender's.

    Args:
        contender: Whose.
        keypoints: 2D keypoints of the frames.
        out: Where the 3D poses go.
        truth: Where they really are; None without knowing.
        cameras: Those to use; None for those of the contender's config.
    """
    changes: dict[str, Any] = {'keypoint_file': str(keypoints)}
    if truth is not None:
        changes['truth_file'] = str(truth)
    if cameras is not None:
        changes['cameras'] = list(cameras)
    metric = 'UnlabelledMetric' if truth is None else 'MultiviewPoseMetric'
    evaluator = {'type': metric, 'out_file': str(out)}
    lines = [
        f'# {MADE}',
        f"_base_ = ['../{contender}.py']",
        f'test_dataloader = dict(batch_size={TEST_BATCH}, dataset=dict({_words(changes)[2:]}))',
        f'test_evaluator = dict(_delete_=True{_words(evaluator)})',
    ]
    return _text(lines)


def _head(site: Site, space: CaptureVolume, contender: str) -> list[str]:
    base = {
        TRAINED: MODELS[site.model].config,
        BOX: MODELS['prior'].config,
        TRIANGULATION: 'triangulation_ours.py',
    }[contender]
    joints = f'joints={literal(site.joints)}'
    skeleton = [f'    metainfo=dict({joints}),'] if site.joints_words() else []
    return [
        f'# {MADE}',
        f'_base_ = [{literal(str(paths.share("configs") / "ours" / base))}]',
        '',
        'rig = dict(',
        *assigned('data_root', str(site.folder.resolve()), '    '),
        *assigned('rig_file', site.rig_file.name, '    '),
        *assigned('cameras', list(site.rig.names), '    '),
        f'    space=dict({_words(dataclasses.asdict(space))[2:]}),',
        *(['    any_scale=True,'] if site.trust else []),
        *skeleton,
        ')',
        *([f'model = dict({joints})'] if skeleton else []),
    ]


def _recording(site: Site, contender: str) -> list[str]:
    """The user's own recording, as what ``tools/test.py`` runs on."""
    file = KEYPOINT_FILE if site.keypoints is None else str(site.keypoints.resolve())
    out = site.work_dir.resolve() / 'recording' / f'{contender}.json'
    reading = {
        'rename': dict(site.rename),
        'frame_offsets': dict(site.frame_offsets),
        'skeleton': site.skeleton,
    }
    names = _words({key: value for key, value in reading.items() if value})
    return [
        f'test_dataloader = dict(dataset=dict(keypoint_file={literal(file)}{names}, **rig))',
        f'test_evaluator = dict(out_file={literal(str(out))})',
    ]


def _words(options: dict[str, Any]) -> str:
    return ''.join(f', {name}={literal(value)}' for name, value in options.items())


def _text(lines: Sequence[str]) -> str:
    return '\n'.join(lines) + '\n'
