"""What the keys of a camera mean: one table of spellings.

Keys are compared without case, spaces, underscores and points. Where a name has several meanings
(``c`` is a principal point or a centre, ``p`` two coefficients or a projection matrix), the number
of values decides. This module does **not** look at the values themselves.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple, Sequence

from mmpose_ours.calibration.direction import C2W, W2C

# Role -> the names that it goes by.
_SPELLINGS = {
    'K': 'k kmat kmatrix matk matrixk cameramatrix cammatrix cammat cameramat intrinsic intrinsics '
    'intrinsicmatrix intrinsicsmatrix intrinsicmat intrinsicparameters intrinsicparams intri intr '
    'mtx m a calibrationmatrix cameraintrinsics cameraintrinsic cameraintrinsicmatrix camk kint '
    'matrix intrinsick',
    'focal': 'f fc focal focallength focallengths focalpx focalpixels fl fxy fxfy',
    'fx': 'fx fcx focalx focallengthx fxpx alphax',
    'fy': 'fy fcy focaly focallengthy fypx alphay',
    'middle': 'c cc pp principal principalpoint principalpoints principalpt ppoint cxy cxcy '
    'opticalcenter opticalcentre imagecenter imagecentre',
    'cx': 'cx ppx u0 ox principalpointx principalx centerx centrex',
    'cy': 'cy ppy v0 oy principalpointy principaly centery centrey',
    'skew': 'skew',
    'dist': 'd dist distort distorts distortion distortions distcoeffs distcoeff distcoef '
    'distcoefs distortioncoefficients distortioncoefficient distortioncoeffs distortioncoeff '
    'distortioncoef distortioncoefs distcoefficients distcoefficient distparams distortionparams '
    'distortionparameters distortionvector lensdistortion distvec distcoeffients kc coeffs dcoeffs '
    'distortcoeffs distortcoef discoef cameradistortion cameradist camdist '
    'lensdistortioncoefficients lensdistortioncoeffs kd distk',
    'radial': 'radial radialdistortion radialdist radialcoeffs radialcoefficients radialparams '
    'rdistort distortionradial rd kradial radialdistortioncoefficients radialk',
    'tangential': 'tangential tangentialdistortion tangentialdist tangentialcoeffs '
    'tangentialparams tangentialcoefficients tdistort distortiontangential tangental '
    'ptangential tangentialp tangentialdistortioncoefficients decentering decenteringdistortion',
    'rotation': 'r rot rotation rotations rotmat rotmatrix rotationmatrix rotationmat rmat rmatrix '
    'rmtx matrixr rotm orientation camerarotation camrotation camrot camr attitude rotationr '
    'extrinsicr extrinsicsr extrinsicrotation extrinsicsrotation',
    'rodrigues': 'rvec rodrigues rotvec rotationvector rotationvec rotationrodrigues axisangle '
    'angleaxis rotationaxisangle om omc rvector rodriguesvector rotationrvec rodriguesrotation',
    'euler': 'euler eulerangles eulerangle eulerxyz eulerzyx rollpitchyaw rpy ypr rotationeuler '
    'opk omegaphikappa yawpitchroll yaw pitch roll',
    'quaternion': 'q quat quaternion rotationquaternion rotationquat orientationquaternion rotquat '
    'qvec qrot',
    'wxyz': 'qwxyz wxyz quatwxyz quaternionwxyz rotationwxyz rotationquatwxyz orientationwxyz '
    'rotationquaternionwxyz qvecwxyz rwxyz',
    'xyzw': 'qxyzw xyzw quatxyzw quaternionxyzw rotationxyzw rotationquatxyzw orientationxyzw '
    'rotationquaternionxyzw qvecxyzw rxyzw',
    'qw': 'qw quatw quaternionw',
    'qx': 'qx quatx quaternionx',
    'qy': 'qy quaty quaterniony',
    'qz': 'qz quatz quaternionz',
    'translation': 't trans translation translations tvec translationvector translationvec transl '
    'translate translationt tvector tmat tmtx tr extrinsict extrinsicst extrinsictranslation '
    'extrinsicstranslation cameratranslation camtranslation trvec tra',
    'center': 'center centre cameracenter cameracentre camcenter camcentre position pos '
    'cameraposition camposition campos camerapos location loc cameralocation camloc '
    'projectioncenter projectioncentre centerofprojection worldposition positionworld centerw '
    'centrew centerworld camorigin cameraorigin eye eyeposition camc camerac',
    'tx': 'tx transx translationx',
    'ty': 'ty transy translationy',
    'tz': 'tz transz translationz',
    'matrix': 'rt rtmatrix rtmat mrt extrinsic extrinsics extrinsicmatrix extrinsicsmatrix '
    'extrinsicmat extrinsicparameters extrinsicparams extri extr pose poses posematrix posemat '
    'transform transformation transformmatrix transformationmatrix tmatrix se3 rigidtransform '
    'cameraextrinsics cameraextrinsic cameraextrinsicmatrix externalmatrix ext homogeneous',
    'projection': 'p proj projection projectionmatrix projmatrix projmat pmat pmatrix '
    'cameraprojection camp krt',
    'size': 'size imgsize imagesize imgsz imsize resolution res imageresolution imgresolution '
    'framesize videosize sensorresolution imagesizewh imagewh imgwh wh sizewh widthheight '
    'imagedimensions imagedims dimensions dims framesizewh videoresolution imgres cameraresolution '
    'imgsizes imagesizes dim imgdim imagedim',
    'shape': 'shape imgshape imageshape imageshapehw hw imagehw imghw heightwidth sizehw '
    'frameshape imagesizehw imgsizehw resolutionhw imhw',
    'width': 'width w imagewidth imgwidth imgw resw imagew framewidth imwidth sizex widthpx '
    'videowidth ww xres nx imw resolutionx resolutionwidth',
    'height': 'height h imageheight imgheight imgh resh imageh frameheight imheight sizey heightpx '
    'videoheight hh yres ny imh resolutiony resolutionheight',
    'fisheye': 'fisheye isfisheye fisheyemodel',
    'model': 'cameramodel distortionmodel lensmodel distmodel distortiontype lenstype '
    'projectionmodel distortionmodelname cameratype model lens modeltype disttype',
    'name': 'name cameraname camname camera cam label id cameraid camid serial serialnumber '
    'cameraserial sn deviceid device cameralabel key sensorid cameranumber index cameraindex '
    'camindex idx camidx view viewid viewname uid port',
    'names': 'names cameranames camnames ids cameraids camids serials serialnumbers labels '
    'cameras cams views viewnames camlist cameralist',
    # Says nothing of where a point is seen
    'other': 'error rms rmse reprojectionerror reprojerror meanerror calibrationerror fps '
    'framerate timestamp time date version exposure gain numimages nimages gridcount panel node '
    'type unit units comment description note source calibrated valid numcameras ncameras count',
}
_ROLE_OF = {name: role for role, names in _SPELLINGS.items() for name in names.split()}
_COEFFICIENT = re.compile(
    r'(?:dist|distortion|d|coeff|radial|tangential)?((?:k[1-6])|(?:p[12])|(?:s[1-4]))'
)
_LENSES = ('dist', 'radial', 'tangential')
# Names that say less than the key above them.
_GENERIC = {'matrix', 'mat', 'data', 'value', 'values', 'coefficients', 'coeffs', 'coefs', 'params',
            'parameters', 'vector', 'vec', 'm', 'array', 'numbers', 'raw'}  # fmt: skip
# Of these, the names of distortion coefficients, wherever they stand.
_COEFFICIENTS = {'coefficients', 'coeffs', 'coefs'}
# Parts of a name that say which way; what is left of the name says what it is.
_W2C = re.compile(
    r'(?:world|w)2(?:camera|cam|c)|worldto(?:camera|cam)(?![a-z]*world)|'
    r'(?:camera|cam|c)from(?:world|w)'
)
_C2W = re.compile(
    r'(?:camera|cam|c)2(?:world|w)|(?:camera|cam)toworld|(?:world|w)from(?:camera|cam|c)|'
    r'(?:camera|cam)(?=poses?(?:matrix|mat)?$)'
)
# Subscripts name what a transform leads to, then what from: T_cw, T_world_cam, and GTSAM's cTw.
# Without a letter of a transform before them (world_cam), their order says nothing.
_SUBSCRIPTS = {'cw': W2C, 'wc': C2W}
_SUBSCRIPTED = re.compile(
    r'(r|t|rot|trans|tf|pose|extrinsics?|rt|q|quat)(c|w)(w|c)|'
    r'(r|t|tf|rt|h)(cam|world)(?:era)?(cam|world)(?:era)?'
)
_AROUND = re.compile(r'(cam|c|world|w)(?:era)?(t|r)(cam|c|world|w)(?:era)?')

# Both frames in an order that says nothing, and words around a name: cam_R, T_camera, K_fisheye.
_FRAMES = re.compile(r'world(?:camera|cam)|(?:camera|cam)world')
_WORDS = re.compile(r'^(?:camera|cam|fisheye)(?=.)|(?<=.)(?:camera|cam|fisheye)$')


class Meaning(NamedTuple):
    """What a key says.

    Args:
        role: A key of the table, or a coefficient ``k1`` .. ``s4``; empty where it is unknown.
        direction: ``world-to-camera``, ``camera-to-world``, or empty where the key does not say.
    """

    role: str
    direction: str = ''


def plain(key: object) -> str:
    """A key without case, spaces and signs."""
    return re.sub(r'[^a-z0-9]', '', str(key)[:200].lower())


def meaning_of(place: Sequence[object]) -> Meaning:
    """What the keys that lead to a value say of it."""
    return _meaning_of(tuple(plain(key) for key in place[-3:]))


@functools.lru_cache(maxsize=4096)
def _meaning_of(keys: tuple[str, ...]) -> Meaning:
    direction, bare = '', []
    for key in keys:
        said, left = _direction_of(key)
        direction = said or direction
        bare.append(left)
    last, parent = bare[-1], bare[-2] if len(bare) > 1 else ''
    if direction and (not last or (last in _GENERIC and last != keys[-1])):
        return Meaning('matrix', direction)
    if parent and (parent + last) in _ROLE_OF:
        return Meaning(_ROLE_OF[parent + last], direction)
    if last in _GENERIC and len(keys) > 1:
        if not parent and direction:
            return Meaning('matrix', direction)
        if last in _COEFFICIENTS and _ROLE_OF.get(parent) not in (*_LENSES, None):
            return Meaning('dist', direction)
        if parent in _ROLE_OF:
            return Meaning(_ROLE_OF[parent], direction)
    role = _ROLE_OF.get(last, '') or _ROLE_OF.get(_bare(last), '')
    coefficient = _COEFFICIENT.fullmatch(last)
    if coefficient:
        role = coefficient[1]
    return Meaning(role, direction)


def _bare(name: str) -> str:
    """A name without what says nothing of a value: frames, camera, the lens, the s of several."""
    left = _FRAMES.sub('', name)
    if left != name:
        return left or 'transform'
    name = _WORDS.sub('', name)
    return name if name in _ROLE_OF else name[:-1] if name.endswith('s') else name


def _direction_of(key: str) -> tuple[str, str]:
    """Which way a key says, and what is left of it."""
    for pattern, direction in ((_C2W, C2W), (_W2C, W2C)):
        found = pattern.search(key)
        if found:
            return direction, key[: found.start()] + key[found.end() :]
    found = _SUBSCRIPTED.fullmatch(key)
    if found:
        left, to, source = (part for part in found.groups() if part)
        return _subscripted(key, left, to, source)
    found = _AROUND.fullmatch(key)
    if found:
        return _subscripted(key, found[2], found[1], found[3])
    return '', key


def _subscripted(key: str, left: str, to: str, source: str) -> tuple[str, str]:
    """The same of a transform that leads to one frame from another."""
    direction = _SUBSCRIPTS.get(to[0] + source[0], '')
    return (direction, 'transform' if left == 'h' else left) if direction else ('', key)
