"""How much longer 2D detection takes than 3D, on a user's own images.

    python -m benchmarks.keeping_up RIG IMAGES --cameras 00_03 00_06 --detector mediapipe

Every model finds the same people: the detector looks at the images for each of them anew. One
frame goes by before time counts, since the first one prepares what a rig needs.
"""

from __future__ import annotations

import argparse

from mmpose_ours.apis.inferencer import MultiviewInferencer
from mmpose_ours.detectors import detector
from mmpose_ours.io.package_files import share
from mmpose_ours.recordings.footage import open_footage

MODELS = ('keypoint_prior_ours', 'triangulation_ours')


def main() -> None:
    """Print a line for each model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('rig', help='calibration of any format')
    parser.add_argument('images', help='folder of images or videos, see docs/data.md')
    parser.add_argument('--cameras', nargs='+', metavar='NAME')
    parser.add_argument('--detector', default='mediapipe')
    parser.add_argument('--options', nargs='*', default=[], metavar='NAME=NUMBER')
    args = parser.parse_args()
    options = {name: float(value) for name, _, value in (o.partition('=') for o in args.options)}
    for name in MODELS:
        inferencer = MultiviewInferencer(
            share('configs') / 'ours' / f'{name}.py',
            rig=args.rig,
            cameras=args.cameras,
            detector=detector(args.detector, **options),
            device='cpu',
        )
        footage = open_footage(args.images, inferencer.rig.names)
        first = [next(iter(footage))]
        for frames in (first, footage):
            session = inferencer.open(frames)
            people = sum(len(found.poses) for found in session)
        views = len(footage.cameras)
        print(f'{name}, {views} views, {people} people: {session.timing()}')


if __name__ == '__main__':
    main()
