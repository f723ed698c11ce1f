# The published image-mode VoxelPose: five HD views of CMU Panoptic, ResNet-50, 64x64x64. Tests
# checkpoints of MMPose 0.x on images in the layout of the Panoptic demo folder.
_base_ = ['../_base_/default_runtime.py', '../_base_/voxelpose.py']

heatmap_size = (240, 128)
model = dict(
    joints='panoptic15',
    heatmap_size=heatmap_size,
    data_preprocessor=dict(heatmap_size=heatmap_size),
    backbone=dict(type='PoseResNet', num_joints=15, depth=50),
    pose=dict(bins=(64, 64, 64), shortcut=False, beta=100.0),
    center_threshold=0.3,
)
test_dataloader = dict(
    batch_size=1,
    num_workers=1,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='OursDataset',
        data_root='data/panoptic_body3d_demo',
        rig_file='camera_parameters.json',
        cameras=['00_03', '00_06', '00_12', '00_13', '00_23'],
        space=dict(center_mm=(0, -500, 800), size_mm=(8000, 8000, 2000)),
        keypoint_file=None,
        metainfo=dict(joints='panoptic15'),
        pipeline=[
            dict(type='LoadMultiviewImages', image_size=(960, 512)),
            dict(type='PackMultiviewInputs'),
        ],
        test_mode=True,
    ),
)
test_evaluator = dict(type='MultiviewPoseMetric', out_file='work_dirs/panoptic_predictions.json')
test_cfg = dict()
