"""Griffe extension: what docstrings refer to becomes links of the site."""

import re

import griffe

ROLE = re.compile(r':(?:mod|class|func|meth|data|attr|exc):`(?P<short>~?)(?P<name>[\w.]+)`')

# A page of the manual. The reference lies one folder below it.
MANUAL = re.compile(r'(?:``)?docs/(?P<page>\w+)\.md(?:``)?')


class SphinxRoles(griffe.Extension):
    """Rewrites ``:class:`~package.module.Name` `` and ``docs/page.md`` in every docstring."""

    def on_object(self, *, obj: griffe.Object, **kwargs: object) -> None:
        """Rewrite the docstring of one object."""
        if obj.docstring is None:
            return

        def link(role: re.Match) -> str:
            name = role['name']
            shown = name.rsplit('.', 1)[-1] if role['short'] else name
            target = name if '.' in name else f'{obj.module.path}.{name}'
            # Optional: what has no place in the reference stays code.
            return f'<autoref optional identifier="{target}"><code>{shown}</code></autoref>'

        text = ROLE.sub(link, obj.docstring.value)
        obj.docstring.value = MANUAL.sub(r'<a href="../\g<page>.html">\g<page></a>', text)
