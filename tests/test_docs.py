"""What the documents name exists, and what they promise to run runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*ROOT.glob('*.md'), *ROOT.glob('docs/*.md'), ROOT / 'configs' / 'README.md']


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_links_and_files_exist(page):
    text = page.read_text()
    links = re.findall(r'\]\(([^)#\s]*)(?:#[^)]*)?\)', text)
    named = re.findall(r'(?:python|bash) ((?:tools|demo|benchmarks)/[\w./]+)', text)
    configs = re.findall(r'(configs/[\w/]+\.py)', text)
    for link in links:
        assert link.startswith('http') or not link or (page.parent / link).exists(), link
    for path in [*named, *configs]:
        assert (ROOT / path).is_file(), path


def test_no_placeholder_is_left():
    for page in PAGES:
        assert not re.findall(r'\b[A-Z]+_(?:TABLE|MINUTES)\b', page.read_text()), page


def test_the_readme_example_runs():
    code = re.search(r'```python\n(.*?)```', (ROOT / 'README.md').read_text(), re.S).group(1)
    check = (
        'seen = visible.sum(0) > 2\n'
        'assert seen.any()\n'
        'np.testing.assert_allclose(xyz_mm[seen], scene.poses[seen], atol=1e-3)\n'
    )
    subprocess.run([sys.executable, '-c', code + check], check=True, cwd=ROOT, timeout=120)


def test_leaf_configs_are_short():
    for config in ROOT.glob('configs/[a-z]*/*.py'):
        assert len(config.read_text().splitlines()) < 40, config
