"""Every command and option in the documents is one that there is."""

from __future__ import annotations

import argparse
import importlib
import re
from pathlib import Path

import pytest
from docs_commands import PLACEHOLDERS, ROOT, Shown, shown_commands, shown_options

from mmpose_ours.cli.main import COMMANDS, build_parser, join_up

# Options of MMPose's scripts, torch, Slurm, pip, OpenPose and EasyMocap, which pages name.
OTHERS = {
    '--amp', '--auto-scale-lr', '--cfg-options', '--face', '--gpus', '--gres', '--hand',
    '--local-rank', '--local_rank', '--no-deps', '--resume', '--resume-from', '--save-best',
    '--save-predictions', '--show-dir', '--signal', '--start-over', '--vis_repro', '--work-dir',
    '--write_coco_json', '--write_json',
}  # fmt: skip


def parser_of(command: str) -> argparse.ArgumentParser:
    """The parser of one command of ``mmpose-ours``."""
    parser = argparse.ArgumentParser(prog=command)
    parser.add_argument('--debug', action='store_true')
    importlib.import_module(COMMANDS[command][0]).add_arguments(parser)
    return parser


def options_of(command: str) -> set[str]:
    """The option strings of a command."""
    return {name for action in parser_of(command)._actions for name in action.option_strings}


def own_commands() -> list[Shown]:
    """Commands of this package; ``convert-calibration`` is a program of its own as well."""
    return shown_commands('mmpose-ours', 'convert-calibration')


def command_of(shown: Shown) -> str:
    """Its name, or ``''`` where the program alone is named."""
    if shown.words[0] == 'convert-calibration':
        return 'convert-calibration'
    return shown.words[1] if len(shown.words) > 1 else ''


def test_every_command_exists_and_has_the_options():
    wrong = []
    commands = own_commands()
    assert len(commands) > 150
    for shown in commands:
        name = command_of(shown)
        if name == '' or name in PLACEHOLDERS or name.startswith('--'):
            continue
        if name not in COMMANDS:
            wrong.append(f'{shown}: no command {name}')
            continue
        known = options_of(name) | {'--help', '--version'}
        for word in shown.words[1:]:
            option = re.match(r'--[a-z][\w-]*', word)
            if option and option[0] not in known:
                wrong.append(f'{shown}: no option {option[0]}')
    assert wrong == []


@pytest.mark.parametrize('shown', [s for s in own_commands() if s.whole], ids=str)
def test_every_command_of_a_block_is_parsed(shown, capsys):
    words = list(shown.words)
    if any(place in word for word in words for place in PLACEHOLDERS) or len(words) < 2:
        words = []
    if words and words[0] == 'convert-calibration':
        words = ['mmpose-ours', *words]
    if words and not {'--help', '--version'} & set(words):
        arguments = join_up(words[1:])
        try:
            build_parser(arguments).parse_args(arguments)
        except SystemExit:
            pytest.fail(capsys.readouterr().err)


def test_every_option_that_pages_name_exists():
    known = OTHERS | {'--help', '--version'}
    for command in COMMANDS:
        known |= options_of(command)
    for script in (*ROOT.glob('demo/*.py'), *ROOT.glob('benchmarks/*.py')):
        known |= set(re.findall(r"'(--[a-z][\w-]*)'", script.read_text(encoding='utf-8')))
    wrong = {page: sorted(names - known) for page, names in shown_options().items()}
    assert {page: names for page, names in wrong.items() if names} == {}


def test_every_target_of_make_exists():
    makefile = (ROOT / 'Makefile').read_text(encoding='utf-8')
    targets = set(re.findall(r'^([a-z][\w-]*):', makefile, re.M))
    commands = shown_commands('make')
    assert len(commands) > 20
    for shown in commands:
        named = [word for word in shown.words[1:] if '=' not in word and word not in PLACEHOLDERS]
        assert set(named) <= targets, str(shown)


def test_every_script_and_module_exists():
    for shown in shown_commands('python', 'bash', 'sh'):
        words = [word for word in shown.words[1:] if not word.startswith('-') or word == '-m']
        if len(words) < 1 + (words[:1] == ['-m']) or '$' in words[0]:
            continue
        if words[0] == '-m':
            module = words[1].replace('.', '/')
            if module.split('/')[0] in ('benchmarks', 'mmpose_ours', 'tests'):
                there = (ROOT / f'{module}.py', ROOT / module / '__main__.py')
                assert any(path.is_file() for path in there), str(shown)
        elif words[0].split('/')[0] in ('tools', 'demo', 'benchmarks', 'docs'):
            assert (ROOT / words[0]).is_file(), str(shown)


@pytest.mark.parametrize('page', [Path('README.md'), Path('docs/index.md')], ids=str)
def test_the_first_pages_name_a_start(page):
    text = (ROOT / page).read_text(encoding='utf-8')
    assert 'getting_started.md' in text
