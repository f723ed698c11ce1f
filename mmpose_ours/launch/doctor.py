"""``mmpose-ours doctor``: what this environment lacks for training, and how to fix it.

:mod:`mmpose_ours.launch.environment` looks at the machine, :func:`diagnose` judges what it saw by
:mod:`mmpose_ours.launch.doctor_checks_1x` or, where MMPose is 0.x,
:mod:`mmpose_ours.launch.doctor_checks_0x`. This module does **not** change anything.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys

from mmpose_ours import __version__
from mmpose_ours.launch import doctor_checks_0x, doctor_checks_1x
from mmpose_ours.launch.doctor_checks import FAILURE, Finding, release
from mmpose_ours.launch.environment import Environment, probe


def diagnose(env: Environment) -> list[Finding]:
    """Judge what was seen.

    Args:
        env: What :func:`mmpose_ours.launch.environment.probe` returned.

    Returns:
        One finding per subject, in the order in which to fix them.
    """
    is_0x = release(env.versions.get('mmpose', '1'))[:1] == (0,)
    checks = doctor_checks_0x.CHECKS if is_0x else doctor_checks_1x.CHECKS
    return [finding for check in checks for finding in check(env)]


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
