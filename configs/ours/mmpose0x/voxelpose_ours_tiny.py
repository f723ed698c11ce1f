# A minute on two CPU cores: small volumes on a rig that comes with the package. It shows that
# everything runs; to learn poses takes voxelpose_ours.py and a GPU.
from mmpose_ours.io import package_files as paths
from mmpose_ours.mmpose0x import settings

_base_ = ['../../_base_/mmpose0x/voxelpose.py']

rig = dict(rig_file=str(paths.share('configs') / 'ours/rigs/five_cameras.json'))
site = settings.site_of(rig, heatmap_size=(120, 68), cube_size=(32, 32, 8))
model = settings.model_in(site, sub_cube_size=(16, 16, 16))
net = dict(mid_channels=8)
model['human_detector'].update(center_net=net)
model['human_detector']['center_head'].update(max_num=4)
model['pose_regressor'].update(pose_net=net)
data = dict(
    samples_per_gpu=4,
    workers_per_gpu=0,
    train=dict(num_samples=120, **site),
    val=dict(num_samples=20, **site),
    test=dict(
        _delete_=True,
        type='OursSyntheticDataset',
        num_samples=20,
        seed=2,
        pipeline={{_base_.test_pipeline}},
        **site,
    ),
)
log_config = dict(interval=10)
evaluation = dict(interval=2)
lr_config = dict(warmup_iters=10)
optimizer = dict(lr=4e-3)
total_epochs = 2
