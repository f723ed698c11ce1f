"""3D poses from the images of several cameras, drawn over these images.

python demo/body3d_multiview_detect_and_regress_img_demo.py CONFIG CHECKPOINT \
    --img-root data/Ours --camera-param-file data/Ours/camera_parameters.json \
    --out-img-root vis/ours --visualize-single-view
"""

from __future__ import annotations

import sys
from pathlib import Path

from mmpose_ours.cli.predict import demo_parser, find_people
from mmpose_ours.io.programs import guarded
from mmpose_ours.workflows.visualize import Wanted


def main() -> int:
    """Run the demo, whose options are those of MMPose's; returns the exit code."""
    parser = demo_parser(__doc__)
    parser.add_argument('--out-img-root', required=True, help='folder for images and results')
    parser.add_argument('--img-root', help="images (default: the calibration's folder)")
    parser.add_argument(
        '--visualize-single-view', action='store_true', help='an image of every view as well'
    )
    parser.add_argument(
        '--dataset',
        default='Ours',
        help="what MMPose's demo asks for; the folder says whether the images are those of Ours, "
        'Campus, Shelf or Panoptic',
    )
    parser.add_argument('--show', action='store_true', help='open each image in a window')
    parser.add_argument('--radius', type=int, default=4, metavar='PX', help='of joints')
    parser.add_argument(
        '--thickness', type=int, default=2, metavar='PX', help='of limbs, in pixels'
    )
    args = parser.parse_args()
    wanted = Wanted(
        sheets=True,
        single_views=args.visualize_single_view,
        window=args.show,
        radius=args.radius,
        thickness=args.thickness,
        fps=args.fps,
    )
    rig = args.camera_param_file
    return find_people(args, rig, args.img_root or Path(rig[0]).parent, args.out_img_root, wanted)


if __name__ == '__main__':
    sys.exit(guarded('demo', sys.argv[1:], main))
