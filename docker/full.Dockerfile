# MMPose 1.3.2 in full (compiled mmcv, mmdet) with this package:
#     docker build -f docker/full.Dockerfile -t mmpose-ours .
#     docker run --rm --gpus all --shm-size 8g -v "$PWD/data:/mmpose_ours/data" mmpose-ours
# mmcv's operators for the GPU are compiled on a base that has nvcc:
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
RUN make setup-full PYTHON=python3 && rm -rf /root/.cache

ENV PATH=/mmpose_ours/.venv-full/bin:$PATH
CMD ["mmpose-ours", "doctor"]
