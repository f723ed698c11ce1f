"""Folders of CMU Panoptic made by code, in the official layout."""

import json


def write_sequence(root, name, people, frames=None):
    """Write a sequence from the arrays of ``stock_reference/panoptic.npz``, or the like.

    Args:
        root: The folder of all sequences.
        name: The sequence's name.
        people: ``calibration`` (JSON text), ``frames``, ``body_frames``, ``bodies``.
        frames: Only these frames.
    """
    folder = root / name / 'hdPose3d_stage1_coco19'
    folder.mkdir(parents=True)
    (root / name / f'calibration_{name}.json').write_text(str(people['calibration']))
    for frame in people['frames'].tolist() if frames is None else frames:
        bodies = people['bodies'][people['body_frames'] == frame]
        entries = [{'id': i, 'joints19': body.ravel().tolist()} for i, body in enumerate(bodies)]
        text = json.dumps({'version': 0.7, 'bodies': entries})
        (folder / f'body3DScene_{frame:08d}.json').write_text(text)
