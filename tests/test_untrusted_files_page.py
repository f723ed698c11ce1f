"""The manual's table of limits is that of the code."""

import dataclasses
import re
from pathlib import Path

from mmpose_ours.io import programs
from mmpose_ours.io.limits import Limits

PAGE = Path(__file__).resolve().parents[1] / 'docs' / 'untrusted_files.md'


def test_every_limit_has_its_line():
    found = re.findall(r'^\| `(\w+)` \| ([\d,]+) \|', PAGE.read_text('utf-8'), re.M)
    reported = [(name, int(value.replace(',', ''))) for name, value in found]
    assert reported == list(dataclasses.asdict(Limits()).items())


def test_every_exit_status_has_its_line():
    reported = {
        int(status) for status in re.findall(r'^\| (\d+) \|', PAGE.read_text('utf-8'), re.M)
    }
    assert reported == {
        programs.BAD_INPUT,
        programs.INTERNAL_ERROR,
        programs.NO_MEMORY,
        programs.INTERRUPTED,
    }
