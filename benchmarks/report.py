"""The table and the images of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.stages import Stage
from mmpose_ours.io.disk.files import write_whole

# Okabe and Ito's colours, which the colour-blind can tell apart; markers differ as well.
COLOURS = {'ours': '#0072B2', 'stock': '#E69F00'}
SERIES = ('#E69F00', '#0072B2', '#009E73', '#CC79A7', '#56B4E9', '#D55E00')
MARKERS = 'osD^vP'


def table(stages: Sequence[Stage], result: dict) -> str:
    """The table of a run, as text (Markdown)."""
    gpu = result.get('gpu', {})
    head = ['', 'ours', 'spread', 'stock 0.29', 'spread', 'ratio']
    if gpu:
        head += ['ours, GPU', 'stock, GPU', 'ratio']
    lines = [head, ['---'] * len(head)]
    for stage in stages:
        row = result[stage.name]
        line = [stage.what]
        for side in ('ours', 'stock'):
            line += [_time(row[side]), _spread(row[f'{side}_spread'])]
        line.append(_ratio(row['ratio']))
        if gpu:
            on_gpu = gpu.get(stage.name, dict(ours=None, stock=None, ratio=None))
            line += [_time(on_gpu['ours']), _time(on_gpu['stock']), _ratio(on_gpu['ratio'])]
        lines.append(line)
    loader = result['loader_bytes']
    bytes_line = ['one item through the loader', _bytes(loader['ours']), '']
    bytes_line += [_bytes(loader['stock']), '', _ratio(loader['ratio'])]
    lines.append(bytes_line + [''] * (len(head) - len(bytes_line)))
    text = [markdown(lines)]

    machine, shares = result['machine'], result['shares']
    text += [
        '',
        f'{result["rig"]}; {machine["threads"]} threads of {machine["processor"]}; float32 matrix '
        f'product {machine["sgemm_gflops"]:.0f} GFLOP/s, bfloat16 '
        f'{machine["bfloat16_gflops"]:.0f} GFLOP/s, memory {machine["memory_gb_per_s"]:.0f} GB/s',
    ]
    for side, share in shares.items():
        text.append(f'{side}, VoxelPose with 3 people: {_shares(share)}')
    text.append(f'fast model with 5 people: {_shares(result["fast_model_shares"])}')
    error = result['voxelpose_bfloat16'].get('error_mm')
    if error:
        text.append(
            f'bfloat16 moves joints by {error["median"]:.2f} mm (median), '
            f'{error["largest"]:.2f} mm at most'
        )
    if machine['load'] > machine['threads'] + 1:
        text.append(
            f'CAUTION: other programs are at work (load {machine["load"]:.1f}): times are too long'
        )
    return '\n'.join(['', *text, ''])


def _shares(share: dict) -> str:
    parts = ', '.join(f'{name} {value:.0%}' for name, value in share['stages'].items())
    return (
        f'{share["gflop"]:.3g} GFLOP at {share["of_matrix_rate"]:.0%} of the matrix rate; {parts}'
    )


def markdown(lines: Sequence[Sequence[str]]) -> str:
    """Rows of cells as a Markdown table; the first is the head, the second a rule."""
    widths = [max(map(len, column)) for column in zip(*lines)]
    return '\n'.join('| ' + ' | '.join(map(str.ljust, line, widths)) + ' |' for line in lines)


def one_line(values: dict[str, float]) -> str:
    """Names and numbers, as text."""
    return ', '.join(f'{name} {value:.2g}' for name, value in values.items())


def _time(seconds: float | None) -> str:
    if seconds is None:
        return '-'
    for unit, factor in (('s', 1), ('ms', 1e3)):
        if seconds * factor >= 1:
            return f'{seconds * factor:.3g} {unit}'
    return f'{seconds * 1e6:.3g} us'


def _spread(spread: Sequence[float] | None) -> str:
    return ' to '.join(map(_time, spread)) if spread else '-'


def _ratio(ratio: float | None) -> str:
    return '-' if ratio is None else f'{ratio:.3g}'


def _bytes(count: int | None) -> str:
    if count is None:
        return '-'
    return f'{count / 1e3:.3g} kB' if count < 1e6 else f'{count / 1e6:.3g} MB'


def plots(folder: Path, stages: Sequence[Stage], result: dict) -> list[str]:
    """Draw the run; returns the names of the files."""
    names = {'bench.png': _bars(stages, result)}
    if 'sweep' in result:
        names['sweep.png'] = _curves(result['sweep'])
    for name, figure in names.items():
        FigureCanvasAgg(figure)
        with write_whole(folder / name, 'wb') as file:
            figure.savefig(file, format='png', dpi=120)
    return list(names)


def _bars(stages: Sequence[Stage], result: dict) -> Figure:
    """Seconds of every stage, ours above stock, with spread and ratio."""
    rows = {**result, 'voxelpose_bfloat16': result['voxelpose_same_weights']['bfloat16']}
    figure = Figure(figsize=(9, 1.2 + 0.45 * len(stages)), layout='constrained')
    axes = figure.add_subplot()
    for position, stage in enumerate(stages):
        row = rows[stage.name]
        for side, shift in (('ours', -0.2), ('stock', 0.2)):
            if row[side] is None:
                continue
            low, high = row[f'{side}_spread']
            axes.barh(
                position + shift,
                row[side],
                height=0.36,
                color=COLOURS[side],
                xerr=[[row[side] - low], [high - row[side]]],
                error_kw=dict(ecolor='#444444', elinewidth=1, capsize=2),
                label=side if position == 0 else None,
            )
        if row['ratio'] is not None:
            longest = max(row['ours_spread'][1], row['stock_spread'][1])
            axes.text(longest * 1.25, position, f'{row["ratio"]:.3g} x', va='center', fontsize=9)
    axes.set_yticks(range(len(stages)), [stage.what for stage in stages])
    axes.invert_yaxis()
    axes.set_xscale('log')
    axes.set_xlim(right=axes.get_xlim()[1] * 3)
    axes.set_xlabel('seconds (logarithmic); lines: fastest to slowest round')
    axes.set_title(f'Ours and stock MMPose 0.29, {result["rig"]}, CPU', loc='left', fontsize=11)
    axes.spines[['top', 'right']].set_visible(False)
    axes.grid(axis='x', color='#dddddd', linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(loc='upper right', frameon=False)
    return figure


def _curves(sweep: dict[str, dict]) -> Figure:
    """Seconds and peak memory of a frame along every axis of the sweep, both logarithmic."""
    figure = Figure(figsize=(3.4 * len(sweep), 6), layout='constrained')
    all_axes = figure.subplots(2, len(sweep), squeeze=False)
    units = (('seconds', 'seconds per call', 1.0), ('peak_memory_bytes', 'peak memory, MB', 1e-6))
    for column, (axis, points) in enumerate(sweep.items()):
        models = list(next(iter(points.values())))
        for axes, (key, label, factor) in zip(all_axes[:, column], units):
            for model, colour, marker in zip(sorted(models, key='stock'.__ne__), SERIES, MARKERS):
                pairs = [(int(x), point[model][key]) for x, point in points.items()]
                pairs = [(x, y * factor) for x, y in pairs if y is not None]
                if pairs:
                    axes.plot(*zip(*pairs), color=colour, marker=marker, label=model)
            axes.set_xlabel(axis)
            axes.set_ylabel(label if column == 0 else '')
            # What grows in proportion has the slope of the diagonal.
            axes.set_xscale('log')
            axes.set_yscale('log')
            axes.set_xticks([int(x) for x in points], list(points))
            axes.minorticks_off()
            axes.spines[['top', 'right']].set_visible(False)
            axes.grid(color='#dddddd', linewidth=0.6)
    all_axes[1, 0].legend(frameon=False)
    return figure
