# The stock VoxelPose of MMPose 0.29 on Shelf: trained on synthetic people in its cameras, tested
# on its own 2D keypoints with the figures of this package. data/shelf is the official folder.
from mmpose_ours.mmpose0x import settings

_base_ = ['../../_base_/mmpose0x/voxelpose.py']

rig = dict(
    data_root='data/shelf',
    rig_file='calibration_shelf.json',
    image_size=(1032, 776),
    space=dict(center_mm=(450, -320, 800), size_mm=(8000, 8000, 2000)),
)
site = settings.site_of(rig, heatmap_size=(200, 152), cube_size=(80, 80, 20))
model = settings.model_in(site, sub_cube_size=(32, 32, 32))
data = dict(
    train=site,
    val=site,
    test=dict(_delete_=True, type='OursShelfDataset', pipeline={{_base_.test_pipeline}}, **site),
)
