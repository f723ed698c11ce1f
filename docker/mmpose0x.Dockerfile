# MMPose 0.29 with mmcv-full 1.7.0 and this package:
#     docker build -f docker/mmpose0x.Dockerfile -t mmpose-ours-0x .
#     docker run --rm --gpus all --shm-size 8g -v "$PWD/data:/mmpose_ours/data" mmpose-ours-0x
# VoxelPose needs none of mmcv's operators: --build-arg OPS=0 saves their compilation. For the
# GPU they are compiled on a base that has nvcc:
#     --build-arg BASE=nvidia/cuda:12.8.1-devel-ubuntu22.04 --build-arg FORCE_CUDA=1
ARG BASE=debian:bookworm-slim
FROM ${BASE}

# Any version of these will do.
# hadolint ignore=DL3008
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        ca-certificates g++ make python3-dev python3-venv \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /mmpose_ours
COPY . .
ARG FORCE_CUDA=0
ARG MAX_JOBS=
ARG OPS=1
RUN make setup-0x PYTHON=python3 "OPS=${OPS}" && rm -rf /root/.cache

ENV PATH=/mmpose_ours/.venv-0x/bin:$PATH
CMD ["mmpose-ours", "doctor"]
