import pytest

from mmpose_ours.synthetic.poses.mocap_names import coco_joints, middle_joint, side_and_word

# Hip, knee, ankle, shoulder, elbow, wrist of the left side, beside names that mislead.
LEFT = {
    'cmu': 'LeftUpLeg LeftLeg LeftFoot LeftArm LeftForeArm LeftHand LHipJoint '
    'LeftShoulder LeftToeBase',
    'asf': 'lfemur ltibia lfoot lhumerus lradius lwrist lhipjoint lclavicle ltoes lhand lfingers',
    'mixamo': 'mixamorig:LeftUpLeg mixamorig:LeftLeg mixamorig:LeftFoot mixamorig:LeftArm '
    'mixamorig:LeftForeArm mixamorig:LeftHand mixamorig:LeftShoulder mixamorig:LeftHandThumb1',
    'rokoko': 'LeftThigh LeftShin LeftFoot LeftArm LeftForeArm LeftHand LeftShoulder LeftToe',
    'xsens': 'LeftHip LeftKnee LeftAnkle LeftShoulder LeftElbow LeftWrist LeftCollar LeftToe',
    'motive': 'LThigh LShin LFoot LUArm LFArm LHand LShoulder LToe',
    'blender': 'thigh.L shin.L foot.L upper_arm.L forearm.L hand.L shoulder.L toe.L',
    'biped': 'Bip01_L_Thigh Bip01_L_Calf Bip01_L_Foot Bip01_L_UpperArm Bip01_L_Forearm '
    'Bip01_L_Hand Bip01_L_Clavicle',
    'unreal': 'thigh_l calf_l foot_l upperarm_l lowerarm_l hand_l clavicle_l ball_l',
    'daz': 'lThighBend lShin lFoot lShldrBend lForearmBend lHand lCollar lThighTwist',
    'smpl': 'L_Hip L_Knee L_Ankle L_Shoulder L_Elbow L_Wrist L_Collar L_Foot L_Hand',
    'vrm': 'leftUpperLeg leftLowerLeg leftFoot leftUpperArm leftLowerArm leftHand leftShoulder',
    'arkit': 'left_upLeg_joint left_leg_joint left_foot_joint left_arm_joint left_forearm_joint '
    'left_hand_joint left_shoulder_1_joint',
    'plug-in gait': 'LHJC LKJC LAJC LSJC LEJC LWJC',
    'pose2sim': 'LHip LKnee LAnkle LShoulder LElbow LWrist LBigToe LHeel',
}  # fmt: skip
PARTS = ('hip', 'knee', 'ankle', 'shoulder', 'elbow', 'wrist')


def mirrored(name):
    if name.startswith(('Bip', 'mixamo')):
        return name.replace('_L_', '_R_').replace('Left', 'Right')
    for left, right in (('Left', 'Right'), ('left', 'right'), ('.L', '.R'), ('_l', '_r')):
        if left in name:
            return name.replace(left, right)
    return {'l': 'r', 'L': 'R'}[name[0]] + name[1:]


@pytest.mark.parametrize('exporter', LEFT)
def test_names_of_common_exporters(exporter):
    left = LEFT[exporter].split()
    # What misleads comes first.
    names = ['Hips', 'Spine', 'Neck', 'Head', *left[::-1], *map(mirrored, left[::-1])]
    found = coco_joints(names)
    expected = {f'left_{part}': name for part, name in zip(PARTS, left)}
    expected.update({f'right_{part}': mirrored(name) for part, name in zip(PARTS, left)})
    assert {joint: names[place] for joint, place in found.items()} == expected
    assert middle_joint(names, 'head') == 3


def test_names_without_a_meaning_are_left_alone():
    assert coco_joints(['Hips', 'LeftHandIndex1', 'Leg', 'RollBone', 'larm2', '', '12']) == {}
    assert side_and_word('') == ('', '')
    assert middle_joint(['LeftHead', 'HeadTop_End', 'mixamorig:Head'], 'head') == 2
