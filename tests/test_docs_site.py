"""The site: every page is in its navigation, and what scripts write into it is current."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from docs_commands import FENCE

import mmpose_ours

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / 'docs'
CONFIG = yaml.safe_load((ROOT / 'mkdocs.yml').read_text(encoding='utf-8'))


def script(name: str):
    """A module of docs/scripts."""
    spec = importlib.util.spec_from_file_location(name, DOCS / 'scripts' / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pages_of(entry) -> list[str]:
    """The pages of a part of the navigation, in its order."""
    if isinstance(entry, str):
        return [entry]
    parts = entry.values() if isinstance(entry, dict) else entry
    return [page for part in parts for page in pages_of(part)]


def test_every_page_is_in_the_navigation_once():
    hooks = (DOCS / 'scripts' / 'site_hooks.py').read_text(encoding='utf-8')
    made = set(re.findall(r"'[\w/.]+\.md': '(\w+\.md)'", hooks))
    there = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob('*.md')}
    notebooks = {
        path.relative_to(DOCS).with_suffix('.md').as_posix() for path in DOCS.glob('*.ipynb')
    }
    named = pages_of(CONFIG['nav'])
    assert len(made) >= 4 and notebooks
    assert sorted(named) == sorted(there | made | notebooks)


def test_the_site_is_strict_and_loads_nothing_from_elsewhere():
    assert CONFIG['strict'] is True and CONFIG['theme']['font'] is False
    assert {'search', 'offline'} <= {p for p in CONFIG['plugins'] if isinstance(p, str)}
    assert CONFIG['validation']['links']['anchors'] == 'warn'
    for style in DOCS.rglob('*.css'):
        assert not re.findall(r'url\(["\']?https?:', style.read_text(encoding='utf-8')), style


def test_every_public_name_is_in_the_reference():
    text = ''.join(path.read_text(encoding='utf-8') for path in DOCS.glob('api/*.md'))
    shown = set(re.findall(r'^::: mmpose_ours\.(\w+)$', text, re.M))
    assert set(mmpose_ours.__all__) - {'__version__'} <= shown


def test_images_are_small_and_shown():
    images = [path for path in DOCS.rglob('images/**/*') if path.is_file()]
    assert sum(path.stat().st_size for path in images) < 3e6
    texts = [*DOCS.rglob('*.md'), ROOT / 'README.md', ROOT / 'mkdocs.yml']
    text = ''.join(path.read_text(encoding='utf-8') for path in texts)
    unused = [path.name for path in images if path.name not in text]
    assert unused == []


def test_the_model_zoo_is_that_of_the_metafiles():
    assert (DOCS / 'model_zoo.md').read_text(encoding='utf-8') == script('model_zoo').page()


def test_every_config_is_in_a_metafile():
    collections, models = script('model_zoo').load()
    configs = {model['Config'] for model in models}
    there = {
        path.relative_to(ROOT).as_posix()
        for folder in ('campus', 'ours', 'panoptic', 'shelf')
        for path in (ROOT / 'configs' / folder).glob('*.py')
    }
    assert configs == there and len(configs) == len(models)
    for model in models:
        # mim takes the name of a model for that of its config.
        assert model['Name'] == Path(model['Config']).stem
        assert model['In Collection'] in collections
        assert model['README'].is_file()
        assert model.get('Weights', '').startswith(('', 'https://', 'mmpose-ours://'))


def test_figures_of_the_model_zoo_stand_on_the_page_that_they_name():
    models = script('model_zoo').load()[1]
    checked = 0
    for model in models:
        text = model['README'].read_text(encoding='utf-8')
        for result in model.get('Results', []):
            if 'Published By' in model['Metadata']:
                continue
            for value in result['Metrics'].values():
                assert f'{value:.2f}' in text or f'{value:g}' in text, (model['Name'], value)
                checked += 1
    assert checked >= 10


def texts_of_the_code() -> str:
    """The constant parts of all texts in the code, and of the scripts that set it up."""
    parts = [path.read_text(encoding='utf-8') for path in ROOT.glob('requirements/*.sh')]
    for path in (ROOT / 'mmpose_ours').rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                parts.append(node.value)
    return '\n'.join(parts)


def test_the_sentences_of_troubleshooting_are_those_of_the_code():
    text = FENCE.sub('', (DOCS / 'troubleshooting.md').read_text(encoding='utf-8'))
    code = texts_of_the_code()
    sentences = []
    for row in re.findall(r'^\| (.*?) \|', text, re.M):
        spans = re.findall(r'`([^`]+)`', row)
        # Rows with an ellipsis, or a whole sentence in code, quote messages of this package.
        if '...' in row or (row.startswith('`') and row.endswith('`') and ' ' in row):
            sentences += [span for span in spans if span not in OTHERS]
    assert len(sentences) > 40
    assert [sentence for sentence in sentences if sentence not in code] == []


# Messages of other programs.
OTHERS = {"No module named 'pkg_resources'", 'ImportError: libGL.so.1'}


@pytest.mark.slow
def test_the_figures_are_drawn_again(tmp_path):
    pytest.importorskip('mmengine', reason='the models that figures explain need MMEngine')
    draw = [sys.executable, str(DOCS / 'scripts' / 'figures.py'), '--out', str(tmp_path)]
    subprocess.run(draw, check=True, cwd=ROOT, capture_output=True, timeout=600)
    drawn = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert set(drawn) == {path.name for path in (DOCS / 'images' / 'how_it_works').iterdir()}
    assert min(drawn.values()) > 10_000


@pytest.mark.slow
def test_the_tutorial_runs_and_prints_what_it_shows(tmp_path, monkeypatch, capsys):
    plt = pytest.importorskip('matplotlib.pyplot')
    pytest.importorskip('mmengine', reason='inference needs MMEngine')
    plt.switch_backend('Agg')
    monkeypatch.chdir(tmp_path)
    cells = json.loads((DOCS / 'tutorial.ipynb').read_text(encoding='utf-8'))['cells']
    names: dict = {}
    for cell in cells:
        if cell['cell_type'] != 'code':
            continue
        exec(compile(''.join(cell['source']), cell['id'], 'exec'), names)
        stored = ''.join(
            ''.join(output['text'])
            for output in cell['outputs']
            if output['output_type'] == 'stream' and output['name'] == 'stdout'
        )
        printed = capsys.readouterr().out
        number = r'-?\d+(?:\.\d+)?'
        assert re.sub(number, '#', printed) == re.sub(number, '#', stored)
        shown = [float(value) for value in re.findall(number, stored)]
        assert [float(value) for value in re.findall(number, printed)] == pytest.approx(
            shown, rel=0.1, abs=0.5
        )
    plt.close('all')
    assert not any(
        output['output_type'] == 'error' for c in cells for output in c.get('outputs', [])
    )


def test_the_readme_fits_two_screens_and_names_the_commands_to_begin_with():
    lines = (ROOT / 'README.md').read_text(encoding='utf-8').splitlines()
    assert len(lines) <= 90
    commands = [line.split('#')[0].strip() for line in lines]
    assert {'make demo', 'make test'} <= set(commands)
