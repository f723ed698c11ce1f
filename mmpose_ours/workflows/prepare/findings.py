"""What a check of downloaded data found: a line each, with the command that fixes it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Sequence

from mmpose_ours.calibration.api import Read
from mmpose_ours.calibration.checks.whole_report import check
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.disk.files import explain_os_error
from mmpose_ours.io.terminal import shell_path

OK, NOTE, MISSING, WRONG = 'ok', 'note', 'missing', 'WRONG'


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Args:
        state: ``OK``, ``NOTE`` (worth knowing, nothing to do), ``MISSING`` or ``WRONG``.
        what: A word or two: truth, calibration, images...
        sentence: What was found.
        commands: What gets or fixes it, line by line.
    """

    state: str
    what: str
    sentence: str
    commands: tuple[str, ...] = ()

    @property
    def fatal(self) -> bool:
        """Whether the data cannot be used for what it is for."""
        return self.state in (MISSING, WRONG)

    def lines(self) -> list[str]:
        """As text."""
        return [
            f'{self.state:8s}{self.what}: {self.sentence}',
            *(f'          {c}' for c in self.commands),
        ]


def unreadable(what: str, error: Exception) -> Finding:
    """A file that is there and cannot be used."""
    said = explain_os_error(error) if isinstance(error, OSError) else str(error)
    return Finding(WRONG, what, said)


def agreement(
    read: Read, rig: CameraRig, images: Path | None, keypoints: Path | None
) -> list[Finding]:
    """What ``mmpose-ours check-rig`` says of calibration, images and 2D keypoints."""
    report, _ = check(read, rig, images=images, keypoints=keypoints)
    found = [
        Finding(state, f'agreement, {problem["topic"]}', problem['sentence'])
        for state, problems in ((WRONG, report['problems']), (NOTE, report['warnings']))
        for problem in problems
    ]
    disagreement = (report.get('people') or {}).get('disagreement')
    if keypoints is not None and disagreement is not None and report['ok']:
        found.append(
            Finding(
                OK,
                'agreement',
                f"mean epipolar error between two views: {disagreement:.1%} of the person's size",
            )
        )
    return found


def quoted(path: Path) -> str:
    """A path as a shell takes it."""
    return shell_path(path)


def count_fatal(findings: Sequence[Finding]) -> int:
    """How many findings keep the data from being used."""
    return sum(finding.fatal for finding in findings)
