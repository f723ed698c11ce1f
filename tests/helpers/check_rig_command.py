"""The command check-rig, called in this process."""

import json

from mmpose_ours.cli import main as cli


def check(capsys, *words):
    """Exit status, and the report as parsed JSON."""
    status = cli.main(['check-rig', *map(str, words), '--json'])
    said = capsys.readouterr()
    return status, json.loads(said.out) if said.out else said.err


def sentences(report):
    return [problem['sentence'] for problem in report['problems']]
