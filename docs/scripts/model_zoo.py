"""Writes docs/model_zoo.md from model-index.yml and the metafiles beside the configs.

python docs/scripts/model_zoo.py
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / 'docs' / 'model_zoo.md'
UNITS = {'MPJPE': ' mm'}
INTRODUCTION = """# Model zoo

With this page you can choose a config with its weights, and find the command and the page behind each figure.

The page is made from `model-index.yml` and the files `metafile.yml` beside the configs, in the form that OpenMMLab's `mim` reads, by `python docs/scripts/model_zoo.py`. `CHECKPOINT` is the file behind "weights", downloaded; `mmpose-ours://NAME` comes with the package. Figures of published checkpoints are those of MMPose 0.x's model zoo and were not measured here; all others stand, with their conditions and intervals, on the page beside them. Models without weights are trained by their command, from the calibration alone or from the data set.

PCP is the mean of actors 1 to 3 in per cent ([definition](evaluation.md#pcp-on-campus-and-shelf)). Triples and pairs are all choices of three and of two of the five cameras.
"""  # noqa: E501


def load() -> tuple[dict[str, dict], list[dict]]:
    """Collections by name, and all models in the order of the index."""
    index = _read(ROOT / 'model-index.yml')
    collections: dict[str, dict] = {}
    models: list[dict] = []
    for path in index['Import']:
        part = _read(ROOT / path)
        for entry in (*part.get('Collections', []), *part['Models']):
            entry['README'] = (ROOT / path).parent / entry['README']
        collections.update({entry['Name']: entry for entry in part.get('Collections', [])})
        models += part['Models']
    return collections, models


def page() -> str:
    """The page as Markdown."""
    collections, models = load()
    text = INTRODUCTION
    for name, collection in collections.items():
        text += f'\n## {name}\n\n{_description(collection)}\n\n'
        text += '| model, command | trained on | result | weights |\n'
        text += '| --- | --- | --- | --- |\n'
        for model in models:
            if model['In Collection'] == name:
                text += _row(model)
    return text


def _description(collection: dict) -> str:
    parts = [', '.join(collection['Metadata']['Architecture'])]
    parts[0] = parts[0][:1].upper() + parts[0][1:]
    if 'Paper' in collection:
        parts.append(f'[{collection["Paper"]["Title"]}]({collection["Paper"]["URL"]})')
    parts.append(f'[how it works]({_link(collection["README"])})')
    return '; '.join(parts) + '.'


def _row(model: dict) -> str:
    metadata = model['Metadata']
    trained = metadata['Training Data']
    if 'Training Time' in metadata:
        trained += f', {metadata["Training Time"]}'
    parts = []
    for result in model.get('Results', []):
        figures = (
            f'{key} {value:.2f}' if key not in UNITS else f'{key} {value:g}{UNITS[key]}'
            for key, value in result['Metrics'].items()
        )
        parts.append(f'{"; ".join(figures)} ({result["Dataset"]})')
    parts.append(f'[{model["README"].name}]({_link(model["README"])})')
    cells = (
        f'`{model["Config"][len("configs/"):]}`, from {metadata["Input"]}<br>'
        f'`{model["Command"]}`',
        trained, '<br>'.join(parts), _weights(model.get('Weights', '')),
    )  # fmt: skip
    return '| ' + ' | '.join(cells) + ' |\n'


def _weights(address: str) -> str:
    if address.startswith('http'):
        return f'[download]({address})'
    return f'`{address}`' if address else ''


def _link(path: Path) -> str:
    return os.path.relpath(path, PAGE.parent).replace(os.sep, '/')


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding='utf-8'))


if __name__ == '__main__':
    PAGE.write_text(page(), encoding='utf-8')
    print(PAGE)
