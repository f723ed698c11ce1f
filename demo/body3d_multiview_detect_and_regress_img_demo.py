"""People in 3D from the images of several cameras, drawn over these images.

python demo/body3d_multiview_detect_and_regress_img_demo.py CONFIG CHECKPOINT \
    --img-root data/Ours --camera-param-file data/Ours/camera_parameters.json \
    --out-img-root vis/ours --visualize-single-view
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmpose_ours.cli import guarded
from mmpose_ours.commands.predict import add_recording, inferencer_of, look, predict


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; the names are those of MMPose's demo."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config of the model')
    parser.add_argument('checkpoint', help='its weights: a file or mmpose-ours://NAME')
    parser.add_argument('--camera-param-file', required=True, help='calibration of the cameras')
    parser.add_argument('--out-img-root', required=True, help='folder for pictures and results')
    parser.add_argument('--img-root', help="pictures (default: the calibration's folder)")
    parser.add_argument(
        '--visualize-single-view', action='store_true', help='a picture of every view as well'
    )
    parser.add_argument(
        '--dataset',
        default='Ours',
        help="what MMPose's demo asks for; images of Ours, Campus, Shelf and Panoptic are told "
        'by their folders',
    )
    parser.add_argument('--show', action='store_true', help='open each picture in a window')
    parser.add_argument('--radius', type=int, default=4, metavar='PX', help='of joints')
    parser.add_argument(
        '--thickness', type=int, default=2, metavar='PX', help='of limbs, in pixels'
    )
    add_recording(parser)
    return parser.parse_args(argv)


def main() -> int:
    """Run the demo; returns the exit code."""
    args = parse()
    rig, out = args.camera_param_file, Path(args.out_img_root)
    img_root = args.img_root or Path(rig).parent
    inferencer = inferencer_of(args, args.config, args.checkpoint, rig)
    people = predict(inferencer, args, img_root, out)
    options = ['--png', '--radius', str(args.radius), '--thickness', str(args.thickness)]
    options += ['--single-views'] if args.visualize_single_view else []
    options += ['--show'] if args.show else []
    look(args, rig, img_root, out, *options)
    return 0 if people else 1


if __name__ == '__main__':
    sys.exit(guarded('demo', sys.argv[1:], main))
