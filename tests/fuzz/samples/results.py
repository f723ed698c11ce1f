"""3D poses: what ``predict`` writes, and the ground truth of data sets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from dataset_files import write_actors
from mocap_files import people
from panoptic_files import write_sequence

from mmpose_ours.evaluation import read_actors
from mmpose_ours.evaluation.panoptic_truth import read_panoptic_truth
from mmpose_ours.export.csv_table import write_csv
from mmpose_ours.export.npz import write_npz
from mmpose_ours.predictions.reading import read_predictions
from mmpose_ours.structures.joint_maps import convert_joints
from mmpose_ours.tracking.trajectories import timeline_of
from mmpose_ours.visualization.colours import track_colours
from mmpose_ours.visualization.results import results_of


def write_people(folder: Path) -> Path:
    """``people.json`` with everything that may be in it."""
    path = folder / 'people.json'
    path.write_text(
        json.dumps({
            'version': 1, 'unit': 'mm', 'up': 'z', 'joints': 'coco17', 'fps': 25,
            'space': {'center_mm': [0, 0, 1000], 'size_mm': [4000, 4000, 2000]},
            'frames': {**{str(f): people(2, f).tolist() for f in range(3)}, '5': []},
            'scores': {**{str(f): [0.5, 0.75] for f in range(3)}, '5': []},
            'ids': {**{str(f): [f, 2**40] for f in range(3)}, '5': []},
            'views': {'1': [2, 3]},
            'spread_mm': {'1': [[1.0] * 17, [None] * 17]},
        })
    )  # fmt: skip
    return path


def _read_people(path: Path) -> None:
    predictions = read_predictions(path)
    shown = results_of(predictions)
    track_colours(each.track_ids for each in shown)
    timeline = timeline_of(predictions)
    write_csv(timeline, path.with_name('out.csv'))
    write_npz(timeline, path.with_name('out.npz'), up='y')
    with np.load(path.with_name('out.npz')) as arrays:
        assert arrays['ids'].tolist() == list(timeline.people)


def _actors(folder: Path) -> Path:
    actors = convert_joints(people(6), 'coco17', 'campus14') / 1000
    write_actors(folder / 'actorsGT.mat', list(actors[:3]), [*actors[3:5], None])
    return folder / 'actorsGT.mat'


def _panoptic(folder: Path) -> Path:
    bodies = np.zeros((3, 19, 4))
    bodies[..., :3] = np.random.default_rng(0).normal(0, 50, (3, 19, 3))
    bodies[..., 3] = 0.9
    data = {'calibration': '{}', 'frames': np.arange(2), 'body_frames': np.array([0, 0, 1])}
    write_sequence(folder, 'room', {**data, 'bodies': bodies})
    return folder / 'room' / 'hdPose3d_stage1_coco19'


SAMPLES = {
    'people.json': (write_people, _read_people),
    'truth actors': (_actors, read_actors),
    'truth panoptic': (_panoptic, read_panoptic_truth),
}
