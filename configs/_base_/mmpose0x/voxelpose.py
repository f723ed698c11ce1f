# The stock VoxelPose of MMPose 0.29 on keypoints, trained on people generated for the user's own
# cameras. A leaf says whose cameras and how large the volumes are (mmpose_ours.mmpose0x.settings).
custom_imports = dict(imports=['mmpose_ours.mmpose0x'], allow_failed_imports=False)

checkpoint_config = dict(interval=1, max_keep_ckpts=3)
evaluation = dict(interval=5, save_best='mAP', rule='greater')
custom_hooks = [dict(type='FreshEpochHook')]
log_config = dict(interval=50, hooks=[dict(type='TextLoggerHook')])
log_level = 'INFO'
load_from = None
resume_from = None
dist_params = dict(backend='nccl')
workflow = [('train', 1)]
opencv_num_threads = 0
mp_start_method = 'fork'

optimizer = dict(type='Adam', lr=1e-3)
optimizer_config = dict(grad_clip=None)
lr_config = dict(
    policy='CosineAnnealing', min_lr=1e-5, warmup='linear', warmup_iters=200, warmup_ratio=0.1,
    by_epoch=False,
)  # fmt: skip
total_epochs = 30

num_joints = 17
model = dict(
    type='DetectAndRegress',
    backbone=None,
    pretrained=None,
    human_detector=dict(
        type='VoxelCenterDetector',
        center_net=dict(type='V2VNet', input_channels=num_joints, output_channels=1),
        center_head=dict(type='OursCenterHead', max_num=10, max_pool_kernel=3),
        train_cfg=dict(dist_threshold=500.0),
        test_cfg=dict(center_threshold=0.1),
    ),
    pose_regressor=dict(
        type='VoxelSinglePose',
        sub_space_size=[2000, 2000, 2000],
        num_joints=num_joints,
        pose_net=dict(type='V2VNet', input_channels=num_joints, output_channels=num_joints),
        pose_head=dict(type='CuboidPoseHead', beta=100.0),
    ),
)

# Scores and misses are the synthetic detector's own: nothing is weakened or hidden on top.
draw = dict(
    type='MultiItemProcess',
    pipeline=[
        dict(type='AffineJoints', item='joints', visible_item='joints_visible'),
        dict(
            type='GenerateInputHeatmaps',
            item='joints',
            visible_item='joints_visible',
            from_pred=True,
            sigma=3,
            base_size=96,
        ),
    ],
)
once = dict(
    type='DiscardDuplicatedItems',
    keys_list=[
        'joints_3d', 'joints_3d_visible', 'roots_3d', 'num_persons', 'ann_info', 'sample_id',
    ],
)  # fmt: skip
train_pipeline = [
    draw,
    once,
    dict(type='GenerateVoxel3DHeatmapTarget', sigma=200.0, joint_indices=[[11, 12]]),
    dict(
        type='Collect',
        keys=['sample_id', 'input_heatmaps', 'targets_3d'],
        meta_keys=[
            'num_persons', 'joints_3d', 'joints_3d_visible', 'roots_3d', 'camera', 'center',
            'scale', 'sample_id',
        ],
    ),
]  # fmt: skip
test_pipeline = [
    draw,
    once,
    dict(
        type='Collect',
        keys=['sample_id', 'input_heatmaps'],
        meta_keys=['sample_id', 'camera', 'center', 'scale'],
    ),
]

synthetic = dict(type='OursSyntheticDataset', pipeline=test_pipeline)
data = dict(
    samples_per_gpu=1,
    workers_per_gpu=2,
    train=dict(synthetic, num_samples=3000, seed=0, pipeline=train_pipeline),
    val=dict(synthetic, num_samples=100, seed=1),
    test=dict(type='OursDataset', pipeline=test_pipeline, truth_file=None),
)
