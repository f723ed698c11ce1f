#!/bin/sh
# Builds the documentation site into site/ (make docs). The packages of requirements/docs.txt are
# put into .venv-docs first; that costs nothing until this file changes. PYTHON=... picks the
# Python. Nothing of the package runs, so its own environment is not needed.
set -eu
cd "$(dirname "$0")/.."
name=docs venv=.venv-docs constraints=requirements/docs.txt
. requirements/common.sh

stamp=$venv/.setup-$( (pwd && cat requirements/docs.txt) | cksum | cut -d ' ' -f 1)
if ! { [ -e "$stamp" ] && $venv/bin/python -c '' 2>/dev/null; }; then
    make_venv '3.10 3.11 3.12 3.13 3.14'
    echo "$name: installing MkDocs into $venv (200 MB)"
    rm -f $venv/.setup-*
    pip_install -r requirements/docs.txt
    touch "$stamp"
fi
NO_MKDOCS_2_WARNING=1 $venv/bin/mkdocs build --quiet --strict
# Readers' browsers ask nobody else for anything.
if grep -r -l -E '<(script|img|iframe)[^>]+src="https?:|<link[^>]+href="https?:' --include='*.html' site; then
    fail 'the pages above load something from elsewhere: put it into docs/, or leave it out'
fi
echo "$name: done; open site/index.html"
