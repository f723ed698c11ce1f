"""Hooks of MkDocs: pages from outside docs/, the notebook as a page, formulas as MathML.

And no script from elsewhere: the theme's own one for search from disk is replaced.
"""

from __future__ import annotations

import posixpath
import re
import sys
from pathlib import Path

from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

sys.path.insert(0, str(Path(__file__).parent))

from notebook_page import notebook_markdown  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
# Files of the repository that are pages of the site as well.
PAGES = {
    'CHANGELOG.md': 'changelog.md',
    'CONTRIBUTING.md': 'contributing.md',
    'SECURITY.md': 'security.md',
    'configs/README.md': 'configs.md',
}
FOREIGN_SCRIPT, OWN_SCRIPT = 'https://unpkg.com/iframe-worker/shim', 'js/iframe_worker.js'
NOTEBOOK, NOTEBOOK_PAGE = 'tutorial.ipynb', 'tutorial.md'
LINK = re.compile(r'(?P<text>(?<!!)\[[^\]]*\])\((?P<path>[^):#\s]+)(?P<anchor>#[^)\s]*)?\)')
MATH = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\\[(\[](?P<tex>.*?)\\[)\]]</(?P=tag)>', re.S
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that do not lie in docs/."""
    for source, page in PAGES.items():
        text = (ROOT / source).read_text(encoding='utf-8')
        files.append(File.generated(config, page, content=text))
    notebook = files.get_file_from_path(NOTEBOOK)
    if notebook is not None:
        files.remove(notebook)
        text = notebook_markdown(Path(notebook.abs_src_path))
        files.append(File.generated(config, NOTEBOOK_PAGE, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Turn links to files of the repository into links to pages, or into names of files."""
    site_path = page.file.src_uri
    sources = {target: source for source, target in PAGES.items()}
    folder = posixpath.dirname(sources.get(site_path, f'docs/{site_path}'))

    def rewrite(link: re.Match) -> str:
        path = posixpath.normpath(posixpath.join(folder, link['path']))
        if path in PAGES:
            path = f'docs/{PAGES[path]}'
        if path == f'docs/{NOTEBOOK}':
            path = f'docs/{NOTEBOOK_PAGE}'
        if path.startswith('docs/'):
            target = posixpath.relpath(path, posixpath.dirname(f'docs/{site_path}'))
            return f'{link["text"]}({target}{link["anchor"] or ""})'
        if not (ROOT / path).exists():
            return link[0]
        return f'{link["text"][1:-1]} (`{path}` of the repository)'

    return LINK.sub(rewrite, markdown)


def on_page_content(html: str, **_: object) -> str:
    """Render formulas where the site is built: browsers show MathML without a script."""

    def render(formula: re.Match) -> str:
        tex = formula['tex'].replace('&lt;', '<').replace('&gt;', '>').replace('&amp;', '&')
        return convert(tex, display='block' if formula['tag'] == 'div' else 'inline')

    return MATH.sub(render, html)


def on_post_page(output: str, page: Page, **_: object) -> str:
    """Put the script of this site in the place of the foreign one."""
    return _own_script(output, posixpath.dirname(page.file.dest_uri))


def on_post_template(output: str, template_name: str, **_: object) -> str:
    """The same for pages that are no documents, such as the one for wrong addresses."""
    return _own_script(output, '')


def _own_script(output: str, folder: str) -> str:
    return output.replace(FOREIGN_SCRIPT, posixpath.relpath(OWN_SCRIPT, folder or '.'))
