"""The command ``inspect``: what a file or folder is, and which command takes it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from mmpose_ours.io.progress import Progress
from mmpose_ours.text import printable
from mmpose_ours.workflows.inspection import Finding, Inspection, inspect_path, next_command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument('paths', metavar='PATH', nargs='+', help='files or folders')
    parser.add_argument('--json', action='store_true', help='print JSON instead of text')


def run(args: argparse.Namespace) -> int:
    """Run the command on parsed arguments.

    Returns:
        0, or 1 where a path is nothing that any command takes.

    Raises:
        FileNotFoundError: A path does not exist.
    """
    inspections = [
        inspect_path(Path(path), Progress(f'reading {path}', 'files')) for path in args.paths
    ]
    together = next_command(finding for each in inspections for finding in each.findings)
    if args.json:
        found = {str(each.path): _plain(each) for each in inspections}
        print(json.dumps(dict(paths=found, next=together), indent=1))
    else:
        for inspection in inspections:
            _print(inspection)
        if together:
            print(f'together: {printable(together)}')
    return int(not all(inspection.findings for inspection in inspections))


def _plain(inspection: Inspection) -> dict[str, Any]:
    return dict(
        findings=[
            dict(
                path=str(finding.path),
                kind=finding.kind,
                summary=finding.summary,
                details=list(finding.details),
                commands=list(finding.commands),
            )
            for finding in inspection.findings
        ],
        refusals=list(inspection.refusals),
    )


def _print(inspection: Inspection) -> None:
    if not inspection.findings:
        print(f'{printable(str(inspection.path))}: nothing that a command takes')
        for refusal in inspection.refusals:
            print(f'  {printable(refusal)}')
        print('  `mmpose-ours formats` lists what can be read, with an example of each')
    for finding in inspection.findings:
        _print_finding(finding)


def _print_finding(finding: Finding) -> None:
    print(f'{printable(str(finding.path))}: {finding.kind}: {printable(finding.summary)}')
    for line in finding.details:
        print(f'  {printable(line)}')
    for command in finding.commands:
        print(f'  $ {printable(command)}')
