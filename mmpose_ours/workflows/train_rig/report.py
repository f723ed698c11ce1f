"""The last step of ``train-rig``: what was done, what came of it, what to use from now on."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, Mapping
from urllib.parse import quote

import numpy as np

from mmpose_ours import __version__
from mmpose_ours.io.disk.files import write_files_whole, write_json
from mmpose_ours.io.terminal import path_word
from mmpose_ours.text import counted, printable
from mmpose_ours.workflows.train_rig.job import BOX, MODELS, TRAINED, Site
from mmpose_ours.workflows.train_rig.progress_record import Doing, Record
from mmpose_ours.workflows.train_rig.scores import MATCH_MM, MATCH_SHARE, Tally
from mmpose_ours.workflows.train_rig.stock_scripts import shown
from mmpose_ours.workflows.train_rig.verdict import HELD_OUT, NAMES, OWN, Verdict, judge

# Folder for the 3D poses of the user's recording.
PREDICTED = 'predictions'
# What the figures are called in the report, and how they are written.
PERCENT, PLAIN = '{:.1%}', '{:.2f}'
FIGURES = {
    HELD_OUT: {
        'score': ('F1 score of joints', PERCENT),
        'people_found': ('people found within 500 mm', PERCENT),
        'error_mm': ('mean joint error, mm', '{:.1f}'),
        'false_positives_per_frame': ('false positives per frame', PLAIN),
    },
    OWN: {
        'score': ('F1 score of joints in cameras left out', PERCENT),
        'left_out_share': ('reprojection error in cameras left out, of the bounding box', PERCENT),
        'reprojection_share': ('reprojection error in cameras used, of the bounding box', PERCENT),
        'people_per_frame': ('people per frame', PLAIN),
        'false_positives_per_frame': (
            'false positives (not detected in any camera) per frame',
            PLAIN,
        ),
        'missed_share': ('misses, of people detected by two cameras', PERCENT),
        'limb_spread': ('variation of limb lengths', PERCENT),
        'head_above_hips': ('heads above hips', PERCENT),
        'jitter_mm': ('jitter, mm per frame squared', '{:.1f}'),
    },
}


def do_report(site: Site, record: Record, doing: Doing) -> None:
    """Write ``report.md`` and ``report.json``, and print the verdict."""
    tests = record.result('test')
    tallies = {
        where: {who: Tally(*np.asarray(rows, dtype=float)) for who, rows in by.items()}
        for where, by in tests['counts'].items()
    }
    verdict = judge(tallies)
    command = use_command(site, record, verdict.use)
    data = report_data(site, record, verdict, command)
    write_files_whole(site.work_dir, {'report.md': report_text(site, record, verdict, command)})
    write_json(site.work_dir / 'report.json', data, indent=1)
    for line in [verdict.sentence, verdict.beaten, f'From now on: {command}']:
        print(f'    {line}' if line else '', end='\n' if line else '')
    doing.files = [site.work_dir / 'report.md', site.work_dir / 'report.json']
    doing.result = {'verdict': verdict.sentence, 'use': verdict.use, 'command': command}


def use_command(site: Site, record: Record, contender: str) -> str:
    """The command that estimates 3D poses in the user's recording."""
    words = ['mmpose-ours', 'predict']
    if contender != BOX:  # which is what the command takes by itself
        weights = {TRAINED: record.result('train')['checkpoint'], **site.contenders}[contender]
        config = (site.work_dir / f'{contender}.py').resolve()
        words += ['--config', str(config), '--checkpoint', weights]
    words += ['--rig', path_word(site.rig_file), *site.camera_words()]
    images = site.folder if site.keypoints is None else site.recording
    if images is not None:  # they also say the frame rate
        words += ['--img-root', path_word(images)]
    if site.keypoints is not None:
        words += ['--keypoints', path_word(site.keypoints), *site.keypoint_words()]
    words += [*site.rename_words(), *site.volume_words(), *site.scale_words()]
    return shown([*words, '--out', path_word(site.work_dir / PREDICTED)])


def report_data(site: Site, record: Record, verdict: Verdict, command: str) -> dict[str, Any]:
    """Everything as plain data."""
    tests = record.result('test')
    return {
        'version': __version__,
        'folder': str(site.folder),
        'cameras': list(site.rig.names),
        'keypoints': None if site.keypoints is None else str(site.keypoints),
        'model': site.model,
        'verdict': verdict.sentence,
        'beaten': verdict.beaten,
        'use': verdict.use,
        'command': command,
        'differences': {
            other: {where: dataclasses.asdict(entry) for where, entry in by.items()}
            for other, by in verdict.differences.items()
        },
        'figures': tests['figures'],
        'left_out': tests['left_out'],
        'steps': {
            name: {key: entry[key] for key in ('inputs', 'finished', 'seconds', 'commands')}
            for name, entry in record.steps.items()
            if entry.get('finished')
        },
        'detector': record.result('noise'),
        'space': record.result('space'),
        'training': record.result('train'),
        'warnings': record.steps.get('check', {}).get('result', {}).get('warnings', []),
    }


def report_text(site: Site, record: Record, verdict: Verdict, command: str) -> str:
    """The report in Markdown."""
    training, tests = record.result('train'), record.result('test')
    space, warnings = record.result('space'), record.steps.get('check', {}).get('result', {})
    minutes = record.steps['train'].get('seconds', 0.0) / 60
    lines = [
        f'# {counted(len(site.rig), "camera")} of {_escaped(site.folder.resolve().name)}',
        '',
        f'**{verdict.sentence}**' + (f' {verdict.beaten}' if verdict.beaten else ''),
        '',
        f'From now on, {NAMES[verdict.use]}:',
        '',
        f'    {command}',
        '',
        '## What was done',
        '',
        f'- cameras: {", ".join(map(_escaped, site.rig.names))}',
        f'- capture volume: {tuple(space["size_mm"])} mm around {tuple(space["center_mm"])} mm; '
        f'two cameras or more see {space["seen_by_two"]:.0%} of it',
        f'- detector: {_escaped(record.result("noise")["why"])}',
        f'- training: {MODELS[site.model].about}, {counted(training["epochs"], "epoch")} of '
        f'{training["frames_per_epoch"]} synthetic frames, in {minutes:.1f} minutes or more '
        '(kill -9 loses count), timing and validation included',
        *(f'- warning of the check: {_escaped(text)}' for text in warnings.get('warnings', [])),
        '',
    ]
    for where, columns in tests['figures'].items():
        lines += [f'## {_title(where, tests)}', '', *_table(where, columns), '']
        compared = [
            f'- the trained model against {NAMES[other]}: {by[where].points:+.2f} points, '
            f'95 % between {by[where].low:+.2f} and {by[where].high:+.2f} '
            f'({by[where].frames} frames)'
            for other, by in verdict.differences.items()
            if where in by
        ]
        lines += [*compared, ''] if compared else []
    lines += ['## What the figures mean', '', *_meaning(site, tests), '']
    images = record.steps.get('images', {}).get('result', {}).get('images', [])
    if images:
        lines += ['## Images', '', *(f'![]({quote(name)})' for name in images), '']
    return '\n'.join(lines)


def _escaped(text: str) -> str:
    """A text as Markdown shows it: no link, image or HTML, whatever cameras are called."""
    return re.sub(r'([\\`*_\[\]<>&|#!])', r'\\\1', printable(text))


def _title(where: str, tests: Mapping[str, Any]) -> str:
    if where == HELD_OUT:
        return 'Synthetic people that were not used in training'
    return f'Your own recording ({counted(tests["recording"]["frames"], "frame")})'


def _table(where: str, columns: Mapping[str, Mapping[str, float | None]]) -> list[str]:
    rows = [
        f'| | {" | ".join(NAMES[who] for who in columns)} |',
        '| --- |' + ' --- |' * len(columns),
    ]
    for name, (title, form) in FIGURES[where].items():
        cells = [columns[who].get(name) for who in columns]
        if any(cell is not None for cell in cells):
            texts = ['-' if cell is None else form.format(cell) for cell in cells]
            rows.append(f'| {title} | {" | ".join(texts)} |')
    return rows


def _meaning(site: Site, tests: Mapping[str, Any]) -> list[str]:
    lines = [
        '- F1 is 2 TP / (annotated + predicted), over joints. A true positive (TP) is a joint '
        f'within {MATCH_MM:g} mm of the true one, or, in a camera left out, within '
        f'{MATCH_SHARE:.0%} of the bounding box of the 2D detection. Misses and false positives '
        'have the same cost. Intervals are by a bootstrap over frames.',
        '- Synthetic people are detected with the detector noise model only: they show what is '
        'possible with this rig, not how your detector behaves in cases that were not measured.',
    ]
    if tests['left_out']:
        left_out = ', '.join(map(_escaped, tests['left_out']))
        lines.append(
            f'- Cameras left out in turn: {left_out}. The 3D poses are estimated without a '
            'camera and compared with its detections, which no model was given; misses and errors '
            'of these detections lower the score of all models alike.'
        )
    elif site.keypoints is not None:
        lines.append(
            '- With two cameras none can be left out, so your recording is not used in the '
            'comparison: agreement with the cameras used says little about depth.'
        )
    else:
        lines.append(
            '- There were no 2D keypoints of your own. Add keypoints_2d.json to the folder and '
            'call the command again: it measures your detector, trains for it and tests on it.'
        )
    return lines
