"""Which models are compared, and the table and image of what came of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.spatial.transform import Rotation

from benchmarks.report import MARKERS, SERIES, markdown
from benchmarks.shelf import SETTINGS
from mmpose_ours.calibration.alignment.similarity import Similarity
from mmpose_ours.io.disk.files import write_whole

PRETRAINED = 'mmpose-ours://keypoint_prior'


@dataclasses.dataclass(frozen=True)
class Row:
    """One model.

    Args:
        what: Its name in the table.
        config: Below ``configs``; None is plain triangulation.
        weights: What to load; None for a model without any.
        trained: Whether it is trained here, from ``weights`` if there are any.
        fitted: Whether its synthetic detector is fitted to the real one (``fit-noise``), by the
            detections of the tested frames and no label.
        options: Of the model, which replace the config's.
        settings: Which of :data:`~benchmarks.shelf.SETTINGS` are tested.
        recorded: The frames are one recording, as for ``predict``: the scene and the noise are
            measured on it. The transform is from the world of the calibration to that in which
            the rig is given. None estimates every frame by itself.
    """

    what: str
    config: str | None
    weights: str | None = None
    trained: bool = False
    fitted: bool = False
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    settings: tuple[str, ...] = tuple(SETTINGS)
    recorded: Similarity | None = None


def _recorded(what: str, world: Similarity, settings: tuple[str, ...]) -> Row:
    config = 'shelf/keypoint_prior_shelf.py'
    return Row(what, config, PRETRAINED, settings=settings, recorded=world)


FEW = ('five', 'triples', 'pairs', 'dropped20')
ONE = ('five',)
_TILT = Rotation.from_euler('x', 10, degrees=True).as_matrix()
ROWS = {
    'shelf_plain': Row(
        'cross-view association and least-squares triangulation', None, settings=FEW
    ),
    'shelf_triangulation': Row('`TriangulatePose`', 'shelf/triangulation_shelf.py'),
    'shelf_pretrained_prior': Row(
        'pretrained pose prior', 'shelf/keypoint_prior_shelf.py', PRETRAINED
    ),
    'shelf_prior_for_the_rig': Row(
        'pose prior, fine-tuned for the rig',
        'shelf/keypoint_prior_shelf.py',
        PRETRAINED,
        trained=True,
    ),
    'shelf_prior_for_the_detector': Row(
        'pose prior, fine-tuned for the rig and its detector',
        'shelf/keypoint_prior_shelf.py',
        PRETRAINED,
        trained=True,
        fitted=True,
    ),
    'shelf_fast': Row('fast voxel model', 'shelf/faster_voxelpose_shelf.py', trained=True),
    'shelf_voxelpose': Row(
        'VoxelPose',
        'shelf/voxelpose_shelf_cpu.py',
        trained=True,
        settings=('five', 'triples', 'pairs'),
    ),
    'recording': _recorded('pretrained pose prior, `predict`', Similarity(), tuple(SETTINGS)),
    'recording_raised': _recorded(
        '`predict`, the rig 1.5 m higher', Similarity(shift=np.array([0, 0, 1500.0])), ONE
    ),
    'recording_tilted': _recorded('`predict`, the world tilted by 10°', Similarity(_TILT), ONE),
    **{
        f'recording_scaled_{scale:g}': _recorded(
            f'`predict`, lengths times {scale:g}', Similarity(scale=scale), ONE
        )
        for scale in (0.6, 0.8, 1.2)
    },
    'ablation_unfilled': Row(
        '`TriangulatePose`, joints of fewer than two views missing (`fill=False`)',
        'shelf/triangulation_shelf.py',
        options=dict(fill=False),
        settings=FEW,
    ),
    'ablation_lifted': Row(
        '`TriangulatePose` with people seen in one view (`single_views=True`)',
        'shelf/triangulation_shelf.py',
        options=dict(single_views=True),
        settings=FEW,
    ),
    'ablation_temporal': Row(
        '`TriangulatePose` with temporal tracking (`temporal=True`)',
        'shelf/triangulation_shelf.py',
        options=dict(temporal=True),
        settings=FEW,
    ),
    'ablation_prior_temporal': Row(
        'pretrained pose prior with temporal tracking (`temporal=True`)',
        'shelf/keypoint_prior_shelf.py',
        PRETRAINED,
        options=dict(temporal=True),
        settings=FEW,
    ),
    'ablation_panoptic_poses': Row(
        "`TriangulatePose`, body prior from Panoptic's poses (`bank_file`)",
        'shelf/triangulation_shelf.py',
        options=dict(bank_file='panoptic_poses/panoptic_poses_coco17.pkl'),
        settings=FEW,
    ),
    'ablation_no_single_views': Row(
        'pretrained pose prior without people seen in one view (`single_views=False`)',
        'shelf/keypoint_prior_shelf.py',
        PRETRAINED,
        options=dict(single_views=False),
        settings=FEW,
    ),
}


PAIRS_KEYS = (
    ('recall', '.3f'),
    ('unmatched_per_frame', '.2f'),
    ('false_positives_per_frame', '.2f'),
)
PAIRS_HEAD = ('pairs: recall', 'pairs: unmatched', 'pairs: false positives')


def table(result: dict[str, Any]) -> str:
    """A row per model, as text (Markdown)."""
    head = ['', *SETTINGS, *PAIRS_HEAD, 'five: error', 'five: ms']
    lines = [head, ['---'] * len(head)]
    for name, row in ROWS.items():
        figures = result.get(name)
        if not figures:
            continue
        cells = [_pcp(figures.get(setting)) for setting in SETTINGS]
        pairs, five = figures.get('pairs'), figures['five']
        cells += ['-'] * 3 if pairs is None else [f'{pairs[key]:{as_}}' for key, as_ in PAIRS_KEYS]
        cells += [f'{five["mean_error_mm"]:.1f} mm', f'{five["ms_per_frame"]:.1f}']
        lines.append([row.what, *cells])
    return markdown(lines)


def _pcp(figures: dict[str, Any] | None) -> str:
    if figures is None:
        return '-'
    low, high = figures['pcp_interval']
    return f'{figures["pcp"]:.2f} ({low:.1f} to {high:.1f})'


DRAWN = (
    'shelf_triangulation',
    'shelf_pretrained_prior',
    'shelf_prior_for_the_rig',
    'shelf_fast',
    'shelf_voxelpose',
)


def draw(result: dict[str, Any], path: Path) -> None:
    """PCP of each model in each setting, with intervals, as a PNG."""
    names = [name for name in DRAWN if name in result]
    figure = Figure(figsize=(9, 4.2), dpi=110)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for index, name in enumerate(names):
        x, values, low, high = [], [], [], []
        for place, setting in enumerate(SETTINGS):
            if setting in result[name]:
                figures = result[name][setting]
                x.append(place + (index - (len(names) - 1) / 2) * 0.13)
                values.append(figures['pcp'])
                low.append(figures['pcp'] - figures['pcp_interval'][0])
                high.append(figures['pcp_interval'][1] - figures['pcp'])
        axes.errorbar(
            x,
            values,
            yerr=np.maximum([low, high], 0),
            fmt=MARKERS[index],
            color=SERIES[index],
            capsize=2,
            label=ROWS[name].what.strip('`'),
        )
    titles = ('five cameras', 'all triples', 'all pairs', 'a fifth dropped', 'two fifths dropped')
    axes.set_xticks(range(len(SETTINGS)), titles)
    axes.set_ylabel('PCP, mean of actors 1 to 3')
    axes.grid(axis='y', alpha=0.3)
    axes.legend(loc='lower left', fontsize=8)
    figure.tight_layout()
    with write_whole(path, 'wb') as file:
        figure.savefig(file, format='png')
