"""What `predict` prints of a run: notes, what was found and assumed, time, what seems wrong."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from mmpose_ours.apis.diagnosis import FEW
from mmpose_ours.apis.stage_timer import format_seconds
from mmpose_ours.text import counted

if TYPE_CHECKING:
    from mmpose_ours.apis.session import InferenceSession

# Ratio of 3D poses to the mean number of detections per view: above this, the calibration is
# wrong, with which every person is found several times.
MANY = 1.5


def print_notes(session: InferenceSession, printed: int) -> int:
    """Print what was noted since; returns how many have been printed now."""
    for note in session.notes[printed:]:
        print(f'note    {note}', flush=True)
    return len(session.notes)


def report_run(session: InferenceSession, people: Path, judge: bool) -> None:
    """Say what was found and how long it took, and what seems to be wrong with it."""
    statistics, tracks = session.statistics, session.track_filter
    kept = statistics.poses - tracks.dropped_poses
    print(f'poses   {kept} in {counted(statistics.frames, "frame")} -> {people}')
    for line in session.assumptions():
        print(line)
    if tracks.short_tracks:
        what = 'left out' if tracks.drop else 'kept; --min-track-seconds leaves such out'
        print(
            f'tracks  {tracks.long_tracks}, and {tracks.short_tracks} found in fewer than '
            f'{counted(tracks.min_frames, "frame")} ({what})'
        )
    start = time.perf_counter()
    diagnosis = session.diagnose()
    checked = format_seconds(time.perf_counter() - start)
    print(f'time    {session.timing()}; then {checked} for the sanity checks')
    views = sum(count > 0 for count in statistics.detections_by_camera.values())
    per_view = statistics.detections / max(1, views)
    if not statistics.poses or statistics.poses < FEW * per_view:
        print(
            '\nhardly anybody was found. Why?' if statistics.poses else '\nnobody was found. Why?'
        )
        print(diagnosis)
    elif judge and diagnosis.causes and (diagnosis.certain or statistics.poses > MANY * per_view):
        print('\nwarning: people were found, but something is wrong')
        print(diagnosis.verdict)
    elif judge:
        for cause in diagnosis.causes:
            print(f'note    {cause}')
