"""A notebook as Markdown: its text, its code, and the outputs that are stored in it."""

from __future__ import annotations

import json
from pathlib import Path

IMAGES = ('image/png', 'image/jpeg')


def notebook_markdown(path: Path) -> str:
    """Convert a notebook.

    Args:
        path: The ``.ipynb`` file, with the outputs of its last run.
    """
    cells = json.loads(path.read_text(encoding='utf-8'))['cells']
    return '\n\n'.join(_cell(cell) for cell in cells)


def _cell(cell: dict) -> str:
    text = _text(cell['source'])
    if cell['cell_type'] == 'markdown':
        return text
    blocks = [f'```python\n{text}\n```']
    blocks += [_output(output) for output in cell['outputs']]
    return '\n\n'.join(block for block in blocks if block)


def _output(output: dict) -> str:
    if output['output_type'] == 'stream':
        return _block(_text(output['text']))
    data = output['data']
    for kind in IMAGES:
        if kind in data:
            image = _text(data[kind]).replace('\n', '')
            return f'<img alt="Output of the cell above" src="data:{kind};base64,{image}">'
    return _block(_text(data['text/plain']))


def _block(text: str) -> str:
    return f'<div class="notebook-output" markdown>\n\n```text\n{text.rstrip()}\n```\n\n</div>'


def _text(lines: str | list[str]) -> str:
    return lines if isinstance(lines, str) else ''.join(lines)
