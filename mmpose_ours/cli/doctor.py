"""The command ``doctor``: what this environment lacks for training, and how to fix it."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys

from mmpose_ours import __version__
from mmpose_ours.launch.doctor import diagnose
from mmpose_ours.launch.doctor_checks import FAILURE
from mmpose_ours.launch.environment import probe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``mmpose-ours doctor``."""
    parser.add_argument('--json', action='store_true', help='print the findings as JSON')


def run(args: argparse.Namespace) -> int:
    """Print the findings.

    Returns:
        1 if training would not work here, 0 otherwise.
    """
    findings = diagnose(probe())
    failures = [finding for finding in findings if finding.status == FAILURE]
    if args.json:
        report = {
            'mmpose_ours': __version__,
            'training_works': not failures,
            'findings': [dataclasses.asdict(finding) for finding in findings],
        }
        json.dump(report, sys.stdout, indent=2)
        print()
        return 1 if failures else 0
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        print(f'{finding.status:<8} {finding.subject:<{width}}  {finding.found}')
        if finding.fix:
            print(f'{"":<8} {"":<{width}}  -> {finding.fix}')
    if failures:
        names = ', '.join(finding.subject for finding in failures)
        print(f'\nTraining would not work here; fix first: {names}.')
    else:
        print('\nTraining works here.')
    return 1 if failures else 0
