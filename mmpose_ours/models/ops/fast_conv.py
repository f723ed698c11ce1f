"""3D convolutions for inference with fewer multiplications than the direct sum.

Both classes compute ``relu(conv3d(x, weight, padding=kernel // 2) + bias)`` of one volume in
float32. Along two axes the volume is transformed such that the convolution becomes an elementwise
product. Along the third axis it stays a sum over the
kernel's taps, each of which is one batched matrix product (channels to channels) on a shifted
view of the transformed volume.

- :class:`WinogradConv3d`, for kernels of 3: the minimal filtering F(4, 3) of Winograd along two
  axes (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016). Four
  outputs take 6 multiplications instead of 12 along either axis, so a quarter in all.
- :class:`FourierConv3d`, for large kernels: by the convolution theorem, a real discrete Fourier
  transform along two axes. With a kernel of 7 on 64x64x64 voxels a twentieth of the multiplications
  remains, and the transforms take about as many again.

Rounding errors are a small multiple of those of the direct sum in float32: the relative difference
of the outputs is about 1e-5.
"""

from __future__ import annotations

from typing import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from mmpose_ours.models.ops.threads import for_each

# F(4, 3) interpolates at 0, 1, -1, 2, -2 and infinity. One axis of a tile of six inputs d, a
# kernel of three taps g and four outputs: OUTPUT @ ((KERNEL @ g) * (INPUT @ d)).
_INPUT = torch.tensor(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
    dtype=torch.float32,
)
_KERNEL = torch.tensor(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ],
    dtype=torch.float64,
)
_OUTPUT = torch.tensor(
    [
        [1, 1, 1, 1, 1, 0],
        [0, 1, -1, 2, -2, 0],
        [0, 1, 1, 4, 4, 0],
        [0, 1, -1, 8, -8, 1],
    ],
    dtype=torch.float32,
)
# Index, along both axes, of interpolation point 1, whose column of _OUTPUT is (1, 1, 1, 1): a bias
# that is added to this product is added to every output.
_ALL_ONES = 1 * 6 + 1

# Positions per matrix product: few enough for inputs and products to stay in the caches.
_WINOGRAD_ROWS, _FOURIER_ROWS = 260, 64


class WinogradConv3d:
    """A convolution with kernel 3, then ReLU.

    Args:
        weight: (O, I, 3, 3, 3).
        bias: (O,).
    """

    def __init__(self, weight: Tensor, bias: Tensor):
        kernel = _KERNEL.to(weight.device)
        taps = torch.einsum('ax,by,oixyz->zabio', kernel, kernel, weight.double())
        self.taps = taps.flatten(1, 2).float().contiguous()  # (3, 36, I, O)
        self.bias = bias.float()

    def __call__(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """Convolve a volume, channels last.

        Args:
            x: (X, Y, Z, I).
            residual: (X, Y, Z, O), added before ReLU; the result takes its place.

        Returns:
            (X, Y, Z, O).
        """
        (size_x, size_y, size_z, inputs), outputs = x.shape, len(self.bias)
        # Each row along z is followed by one zero, which is also the padding before the next row.
        row = size_z + 1
        tiles = -(-size_y // 4)
        tiles = -(-tiles // -(-tiles // max(1, _WINOGRAD_ROWS // row)))
        if residual is None:
            result = x.new_empty(size_x, size_y, size_z, outputs)
        else:
            result = residual

        def convolve(starts: Iterable[int]) -> None:
            slab = x.new_zeros(6, 4 * tiles + 2, row, inputs)
            windows = slab.unfold(1, 6, 4).permute(0, 4, 1, 2, 3)
            tiled = x.new_empty(6, 6, tiles, row, inputs)
            half_way = x.new_empty(6, 6, tiles * row * inputs)
            padded = x.new_empty(36, tiles * row + 2, inputs)
            padded[:, 0], padded[:, -1] = 0, 0
            transformed = padded.view(6, 6, -1)[..., inputs:-inputs]
            products = x.new_empty(36, tiles * row, outputs)
            half_summed = x.new_empty(4, 6, tiles * row * outputs)
            summed = x.new_empty(4, 4, tiles, row, outputs)
            for i in starts:
                for j in range(0, size_y, 4 * tiles):
                    _fill(slab, x, i - 1, j - 1)
                    tiled.copy_(windows)
                    torch.mm(_INPUT, tiled.view(6, -1), out=half_way.view(6, -1))
                    torch.bmm(_INPUT.expand(6, 6, 6), half_way, out=transformed)
                    torch.bmm(padded[:, :-2], self.taps[0], out=products)
                    products.baddbmm_(padded[:, 1:-1], self.taps[1])
                    products.baddbmm_(padded[:, 2:], self.taps[2])
                    products[_ALL_ONES] += self.bias
                    torch.mm(_OUTPUT, products.view(6, -1), out=half_summed.view(4, -1))
                    torch.bmm(_OUTPUT.expand(4, 4, 6), half_summed, out=summed.view(4, 4, -1))
                    part = (slice(i, i + 4), slice(j, j + 4 * tiles))
                    _finish(summed, result[part], add=residual is not None)

        for_each(range(0, size_x, 4), convolve)
        return result


def _fill(slab: Tensor, x: Tensor, i: int, j: int) -> None:
    """Copy the part of a volume that begins at (i, j) along x and y; zeros outside of it."""
    ends = min(i + slab.shape[0], x.shape[0]), min(j + slab.shape[1], x.shape[1])
    if i < 0 or j < 0 or ends != (i + slab.shape[0], j + slab.shape[1]):
        slab.zero_()
    inside = x[max(i, 0) : ends[0], max(j, 0) : ends[1]]
    first, second = max(-i, 0), max(-j, 0)
    slab[first : first + len(inside), second : second + inside.shape[1], :-1] = inside


def _finish(summed: Tensor, out: Tensor, add: bool) -> None:
    """Put tiles (4, 4, tiles, row, O) in their places, or add them there; clamp and crop."""
    tiles = summed.shape[2]
    summed = summed.transpose(1, 2)[..., : out.shape[2], :]
    if out.shape[:2] == (4, 4 * tiles):
        out = out.view(summed.shape)
    else:
        summed = summed.flatten(1, 2)[: out.shape[0], : out.shape[1]]
    if add:
        out.add_(summed).relu_()
    else:
        torch.clamp_min(summed, 0, out=out)


class DirectConv3d:
    """The same as :class:`WinogradConv3d` by the direct sum, for types other than float32.

    The precision of bfloat16 does not suffice for Winograd's algorithm.

    Args:
        weight: (O, I, 3, 3, 3).
        bias: (O,).
        dtype: Type of the computation.
    """

    def __init__(self, weight: Tensor, bias: Tensor, dtype: torch.dtype):
        self.weight = weight.to(dtype).contiguous(memory_format=torch.channels_last_3d)
        self.bias = bias.to(dtype)

    def __call__(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """Arguments and result as those of :meth:`WinogradConv3d.__call__`."""
        x = F.conv3d(x.permute(3, 0, 1, 2)[None], self.weight, self.bias, padding=1)
        result = x[0].permute(1, 2, 3, 0)
        return result.relu_() if residual is None else residual.add_(result).relu_()


class FourierConv3d:
    """A convolution with a large odd kernel, then ReLU.

    Args:
        weight: (O, I, K, K, K).
        bias: (O,).
    """

    def __init__(self, weight: Tensor, bias: Tensor):
        self.weight, self.bias = weight, bias.float()
        self._spectra: tuple[tuple[int, int], Tensor] | None = None

    def __call__(self, x: Tensor) -> Tensor:
        """Convolve a volume.

        Args:
            x: (I, X, Y, Z), channels first, the layout for the transform.

        Returns:
            (X, Y, Z, O), channels last.
        """
        inputs, size_x, size_y, size_z = x.shape
        outputs, kernel = len(self.bias), self.weight.shape[-1]
        half = kernel // 2
        # The transform is periodic; padding by half a kernel avoids wrap-around.
        ring = _fast_length(size_y + half), _fast_length(size_z + half)
        taps = self._taps(ring)  # (K, frequencies, O, I)
        spectrum = torch.fft.rfft2(x, s=ring)
        padded = spectrum.new_empty(taps.shape[1], inputs, size_x + 2 * half)
        padded[..., :half], padded[..., half + size_x :] = 0, 0
        padded[..., half : half + size_x] = spectrum.flatten(2).permute(2, 0, 1)
        products = spectrum.new_empty(taps.shape[1], outputs, size_x)

        def convolve(starts: Iterable[int]) -> None:
            for first in starts:
                part = slice(first, first + _FOURIER_ROWS)
                rows = padded[part].unfold(2, size_x, 1)
                torch.bmm(taps[0, part], rows[:, :, 0], out=products[part])
                for tap in range(1, kernel):
                    products[part].baddbmm_(taps[tap, part], rows[:, :, tap])

        for_each(range(0, len(products), _FOURIER_ROWS), convolve)
        products = products.view(ring[0], -1, outputs, size_x)
        products = torch.fft.ifft(products, dim=0)[:size_y]
        values = torch.fft.irfft(products, n=ring[1], dim=1)[:, :size_z]
        result = x.new_empty(size_x, size_y, size_z, outputs)
        return torch.add(values.permute(3, 0, 1, 2), self.bias, out=result).relu_()

    def _taps(self, ring: tuple[int, int]) -> Tensor:
        """The kernel's transform along y and z; cached for one size."""
        if self._spectra is None or self._spectra[0] != ring:
            kernel = self.weight.shape[-1]
            # conv3d computes a correlation: mirror the kernel, and shift its centre to index 0.
            mirrored = F.pad(
                self.weight.double().flip(3, 4), (0, ring[1] - kernel, 0, ring[0] - kernel)
            ).roll((-(kernel // 2),) * 2, (3, 4))
            spectra = torch.fft.rfft2(mirrored).to(torch.complex64)
            self._spectra = ring, spectra.flatten(3).permute(2, 3, 0, 1).contiguous()
        return self._spectra[1]


def _fast_length(least: int) -> int:
    """The next even length without prime factors beyond 7, for which transforms are fast."""
    length = least + least % 2
    while _without_small_factors(length) != 1:
        length += 2
    return length


def _without_small_factors(number: int) -> int:
    for factor in (2, 3, 5, 7):
        while number % factor == 0:
            number //= factor
    return number
