"""Calls of train-rig that are refused, and that follow the fix of the refusal."""

import json

import pytest

from mmpose_ours.cli import main as cli
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.workflows.train_rig.refusals import Fix, RefusedError

CALL = ['train-rig', 'data/Ours', '--epochs', '1', '--frames', '10']
OWN, WORK = 'data/Ours/camera_parameters.json', 'work_dirs/train_rig_Ours'


def train_rig(words):
    args = cli.build_parser(words).parse_args(cli.join_up(words))
    return args.run(args)


def refusal(words):
    with pytest.raises(RefusedError) as caught:
        train_rig(words)
    assert isinstance(caught.value.fix, Fix)
    assert str(caught.value).endswith(str(caught.value.fix))
    return caught.value


def left_out(words, option):
    """The words without an option and its values."""
    kept, skipping = [], False
    for word in words:
        if word.startswith('--'):
            skipping = word.partition('=')[0] == option
        if not skipping:
            kept.append(word)
    return kept


def follow(words, fix, values=None):
    """What to call after a refusal, and the command that comes before it has run."""
    values = values or {}
    if fix.command and fix.instead:
        return [*fix.command[1:], *words[2:]]
    if fix.command:
        assert fix.command[0] == 'mmpose-ours'
        assert cli.main(list(fix.command[1:])) in ((0, 1) if 'doctor' in fix.command else (0,))
    for option in fix.without:
        words = left_out(words, option)
    if fix.option:
        option, *rest = fix.option
        words = [*left_out(words, option), option, *(values.get(word, word) for word in rest)]
    return words


def walk(words, *steps, **values):
    """Follow one refusal after the other, each with its code and fix, until the run ends well."""
    for code, fix in steps:
        error = refusal(words)
        assert (error.code, error.fix) == (code, fix)
        words = follow(words, error.fix, values)
    assert train_rig(words) == 0
    return words


def init(rig='rig.json', force=()):
    assert cli.main(['init', 'data/Ours', '--rig', rig, *force]) == 0


def changed(rig, change):
    return CameraRig(tuple(map(change, rig)))


def camera(of, size=None, **fields):
    values = dict(name=of.name, K=of.K, R_w2c=of.R_w2c, t_w2c=of.t_w2c, size=of.size,
                  dist=of.dist, lens=of.lens)  # fmt: skip
    return Camera(**{**values, **fields})


def only(words, *steps):
    return [*words, '--only', *steps]


def report(folder):
    return json.loads((folder / WORK / 'report.json').read_text())


def edit(path, change):
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))
