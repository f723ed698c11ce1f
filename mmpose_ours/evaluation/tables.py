"""Evaluation reports as text tables."""

from __future__ import annotations

from typing import Any, Sequence

from mmpose_ours.evaluation.pcp import GROUPS
from mmpose_ours.text import counted


def format_report(report: dict[str, Any]) -> str:
    """Lay out what :func:`mmpose_ours.evaluation.report.evaluate_files` returns."""
    ranges = report['frame_ranges']
    if len(ranges) > 60:
        report = {**report, 'frame_ranges': ranges[:60].rpartition(',')[0] + ',...'}
    lines = _pcp_lines(report) if 'pcp' in report else _matching_lines(report)
    lines += ['', *(f'warning: {text}' for text in report['warnings'])] * bool(report['warnings'])
    return '\n'.join(lines)


def _pcp_lines(report: dict[str, Any]) -> list[str]:
    rows = [['PCP in %', 'all', 'correct parts', *GROUPS]]
    for actor in report['actors']:
        averaged = actor['actor'] in report['averaged_actors']
        rows.append(
            [
                f'actor {actor["actor"]}' + ('' if averaged else ' *'),
                number(actor['pcp']),
                f'{actor["correct"]} of {actor["total"]}',
                *(number(actor['groups'][group]) for group in GROUPS),
            ]
        )
    average = [number(report['groups'][group]) for group in GROUPS]
    rows.append(['average', number(report['pcp']), '', *average])
    found = round((report['recall_500mm'] or 0) * report['annotated_people'])
    lines = [
        f'{report["dataset"]}: {counted(report["frames"], "frame")} ({report["frame_ranges"]}), '
        f'joints {report["joints"]}, head {report["head"]}',
        '',
        *columns(rows),
    ]
    if len(report['actors']) > len(report['averaged_actors']):
        lines.append('* not in the average, as published')
    lines += [
        '',
        *columns(
            [
                [
                    'found within 500 mm',
                    f'{found} of {report["annotated_people"]} annotated people',
                ],
                ['mean joint error', f'{number(report["error_mm"], 1)} mm over those found'],
                [
                    'unmatched predictions',
                    f'{number(report["unmatched_per_frame"])} per frame '
                    f'({report["unmatched"]} in all; the labels may leave real people out)',
                ],
                [
                    'empty frames',
                    f'{report["empty_frames"]} with annotated people and no prediction '
                    '(counted as wrong)',
                ],
            ],
            left=2,
        ),
    ]
    return lines


def _matching_lines(report: dict[str, Any]) -> list[str]:
    groups = report['joint_groups']
    thresholds = list(report['ap'])
    rows = [['0 to 1', *(f'{threshold} mm' for threshold in thresholds), 'mean']]
    for name, key in (('AP', 'ap'), ('AR', 'ar')):
        values = [report[key][threshold] for threshold in thresholds]
        rows.append([name, *(number(v, 3) for v in (*values, report[f'mean_{key}']))])
    return [
        f'{report["dataset"]}: {counted(report["frames"], "frame")} ({report["frame_ranges"]}), '
        f'{len(report["joints_compared"])} joints compared '
        f'({report["joints"]} with {report["truth_joints"]})'
        + (f', people matched by {len(report["joints_matched"])} of the body' if groups else ''),
        '',
        *columns(rows),
        '',
        *columns(
            [
                [
                    'recall at 500 mm',
                    f'{number(report["recall_500mm"], 3)} of '
                    f'{report["annotated_people"]} annotated people',
                ],
                ['MPJPE', f'{number(report["mpjpe_mm"], 1)} mm over those found'],
                ['missing joints', f'{number(100 * report["missing_joints"], 1)} % of theirs'],
                [
                    'false positives',
                    f'{number(report["false_positives_per_frame"])} per frame '
                    f'({report["false_positives"]} of {report["predicted_people"]} predictions)',
                ],
            ],
            left=2,
        ),
        *(['', *columns(_group_rows(groups))] if groups else []),
    ]


def _group_rows(groups: dict[str, Any]) -> list[list[str]]:
    distances = list(next(iter(groups.values()))['pck'])
    rows = [['joints', 'MPJPE', *(f'PCK {distance} mm' for distance in distances), 'missing']]
    for name, group in groups.items():
        shares = [*(group['pck'][distance] for distance in distances), group['missing']]
        percents = ['-' if share is None else f'{100 * share:.1f} %' for share in shares]
        rows.append([name, f'{number(group["mpjpe_mm"], 1)} mm', *percents])
    return rows


def number(value: float | None, digits: int = 2) -> str:
    """A figure as text; a dash where it is undefined."""
    return '-' if value is None else f'{value:.{digits}f}'


def columns(rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Pad to columns: the first ``left`` flush left, the others flush right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        '  '.join(
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in rows
    ]
