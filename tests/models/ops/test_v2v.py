"""The volumetric net, and its fast convolutions against torch's own in float64."""

import copy
import pickle

import pytest
import torch
import torch.nn.functional as F

from mmpose_ours.models.ops import threads, v2v
from mmpose_ours.models.ops.fast_conv import DirectConv3d, FourierConv3d, WinogradConv3d
from mmpose_ours.models.ops.v2v import V2VNet

SIZES = [(8, 8, 8), (20, 20, 5), (5, 9, 3), (1, 2, 3), (64, 8, 20), (16, 84, 12)]


@pytest.fixture(autouse=True)
def small_volumes_are_large_enough(monkeypatch):
    monkeypatch.setattr(v2v, 'MIN_FAST_VOXELS', 0)


@pytest.fixture(params=[1, 2], ids=['one thread', 'two threads'])
def torch_threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def _layer(kernel, inputs=5, outputs=6):
    torch.manual_seed(0)
    weight = torch.randn(outputs, inputs, kernel, kernel, kernel) / (inputs * kernel**3) ** 0.5
    return weight, torch.randn(outputs)


def _oracle(x, weight, bias, residual=0.0):
    """ReLU of torch's convolution in float64; channels first to channels last."""
    padding = weight.shape[-1] // 2
    result = F.conv3d(x[None].double(), weight.double(), bias.double(), padding=padding)[0]
    return (result.permute(1, 2, 3, 0) + residual).relu().float()


@pytest.mark.parametrize('size', SIZES)
def test_winograd_is_the_direct_sum(size, torch_threads):
    weight, bias = _layer(3)
    x, residual = torch.randn(5, *size), torch.randn(*size, 6)
    conv = WinogradConv3d(weight, bias)
    channels_last = x.permute(1, 2, 3, 0).contiguous()
    torch.testing.assert_close(conv(channels_last), _oracle(x, weight, bias), atol=1e-4, rtol=0)
    expected = _oracle(x, weight, bias, residual)
    torch.testing.assert_close(conv(channels_last, residual), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize('kernel', [1, 3, 5, 7])
@pytest.mark.parametrize('size', SIZES)
def test_fourier_is_the_direct_sum(size, kernel, torch_threads):
    weight, bias = _layer(kernel)
    x = torch.randn(5, *size)
    expected = _oracle(x, weight, bias)
    conv = FourierConv3d(weight, bias)
    torch.testing.assert_close(conv(x), expected, atol=1e-5, rtol=0)
    # Another size takes another transform of the kernel.
    torch.testing.assert_close(
        conv(F.pad(x, (0, 9)))[:, :, : size[2] - kernel // 2],
        expected[:, :, : size[2] - kernel // 2],
        atol=1e-5,
        rtol=0,
    )


def test_direct_in_bfloat16():
    weight, bias = _layer(3)
    x, residual = torch.randn(5, 4, 5, 6), torch.randn(4, 5, 6, 6)
    conv = DirectConv3d(weight, bias, torch.bfloat16)
    result = conv(x.permute(1, 2, 3, 0).bfloat16(), residual.bfloat16())
    expected = _oracle(x, weight, bias, residual)
    torch.testing.assert_close(result.float(), expected, atol=0.05, rtol=0.02)


def _net(channels=(4, 6, 8, 10)):
    """A net whose every layer, normalisation included, has its say."""
    torch.manual_seed(0)
    net = V2VNet(3, 5, channels).eval()
    for module in net.modules():
        if isinstance(module, (torch.nn.Conv3d, torch.nn.ConvTranspose3d)):
            torch.nn.init.kaiming_normal_(module.weight)
            torch.nn.init.normal_(module.bias)
        elif isinstance(module, torch.nn.BatchNorm3d):
            for values in (module.weight, module.running_var):
                torch.nn.init.uniform_(values, 0.5, 2)
            for values in (module.bias, module.running_mean):
                torch.nn.init.normal_(values)
    return net


def _both_ways(net, x):
    """What the net says with and without its fast convolutions."""
    with torch.no_grad():
        fast = net(x)
        net.fast_inference = False
        slow = net(x)
        net.fast_inference = True
    assert net._fast
    return fast, slow


needs_mkl = pytest.mark.skipif(not torch.backends.mkl.is_available(), reason='a torch without MKL')


@needs_mkl
def test_fast_net_is_the_same_net(torch_threads):
    x = torch.rand(2, 3, 16, 20, 8)
    fast, slow = _both_ways(_net(), x)
    assert slow.std() > 1
    torch.testing.assert_close(fast, slow, atol=1e-4, rtol=1e-4)


@needs_mkl
def test_fast_net_in_bfloat16():
    net, x = _net(), torch.rand(2, 3, 8, 8, 8)
    _, exact = _both_ways(net, x)
    with torch.autocast('cpu', torch.bfloat16):
        fast, slow = _both_ways(net, x)
    assert fast.dtype == torch.float32
    assert (fast - exact).abs().mean() < 1.5 * (slow - exact).abs().mean()


@needs_mkl
def test_inference_mode_and_a_net_inside_another():
    net = torch.nn.Sequential(_net()).eval()
    x = torch.rand(1, 3, 8, 8, 8)
    with torch.inference_mode():
        inference = net(x)
    with torch.no_grad():  # with what was made ready in inference mode
        torch.testing.assert_close(net(x), inference)


CHANGES = {
    'load_state_dict': lambda net: net.load_state_dict(
        {key: value * 1.1 for key, value in net.state_dict().items()}
    ),
    'in place': lambda net: net.output_layer.weight.mul_(1.1),
    'statistics': lambda net: net.front_layers[0].block.bn.running_mean.add_(0.1),
    'replaced': lambda net: setattr(
        net.output_layer, 'weight', torch.nn.Parameter(net.output_layer.weight * 1.1)
    ),
    'behind its back, then eval': lambda net: (net.output_layer.weight.data.mul_(1.1), net.eval()),
}


@needs_mkl
@pytest.mark.parametrize('change', CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize('mode', [torch.no_grad, torch.inference_mode])
def test_weights_may_change(change, mode):
    net, x = _net(), torch.rand(1, 3, 8, 8, 8)
    before, _ = _both_ways(net, x)
    with mode():
        change(net)
    fast, slow = _both_ways(net, x)
    assert (fast - before).abs().max() > 1e-2
    torch.testing.assert_close(fast, slow, atol=1e-4, rtol=1e-4)


@needs_mkl
def test_a_step_of_training_between():
    net, x = _net(), torch.rand(1, 3, 8, 8, 8)
    before, _ = _both_ways(net, x)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    net.train()(x).square().mean().backward()
    assert all(parameter.grad is not None for parameter in net.parameters())
    optimizer.step()
    fast, slow = _both_ways(net.eval(), x)
    assert (fast - before).abs().max() > 1e-2
    torch.testing.assert_close(fast, slow, atol=1e-4, rtol=1e-4)


@needs_mkl
def test_gradients_in_evaluation_take_the_ordinary_path():
    net, x = _net(), torch.rand(1, 3, 8, 8, 8, requires_grad=True)
    net(x).sum().backward()
    assert x.grad is not None and not net._fast


@needs_mkl
def test_nothing_is_saved_or_copied_of_it():
    net, x = _net(), torch.rand(1, 3, 8, 8, 8)
    keys = set(net.state_dict())
    fast, _ = _both_ways(net, x)
    assert set(net.state_dict()) == keys
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert not other._fast
        torch.testing.assert_close(_both_ways(other, x)[0], fast)


@needs_mkl
def test_where_it_does_not_pay_the_net_stays_ordinary(monkeypatch):
    monkeypatch.setattr(v2v, 'MIN_FAST_VOXELS', 16 * 16 * 16)
    net = _net()
    with torch.no_grad():
        net(torch.zeros(9, 3, 12, 16, 16))
        assert not net._fast
        net(torch.zeros(1, 3, 16, 16, 16))
        assert net._fast


@needs_mkl
def test_weights_made_in_inference_mode_stay_ordinary():
    with torch.inference_mode():
        net = _net()
        net(torch.zeros(1, 3, 8, 8, 8))
    assert not net._fast


@needs_mkl
def test_nobody():
    with torch.no_grad():
        assert _net()(torch.zeros(0, 3, 8, 8, 8)).shape == (0, 5, 8, 8, 8)


def test_threads_share_the_turns(torch_threads):
    taken = [0] * 50

    def body(turns):
        assert torch.get_num_threads() == 1
        for turn in turns:
            taken[turn] += 1

    threads.for_each(range(50), body)
    assert taken == [1] * 50
    assert torch.get_num_threads() == torch_threads


def test_threads_report_errors():
    def body(turns):
        raise ValueError('no memory')

    with pytest.raises(ValueError, match='no memory'):  # the very error of the thread
        threads.for_each(range(4), body)


def test_tiny_volumes_have_the_same_gradient_every_time():
    """oneDNN's bfloat16 gradient of 2x2x2 voxels holds whatever was in memory before."""

    def gradient(size):
        torch.manual_seed(0)
        conv = v2v.Conv3d(24, 24, 3, padding=1)
        x = torch.randn(5, 24, *size)
        # What is freed here is found there.
        del [torch.full((24 * 24 * 27 * 4,), float('nan')) for _ in range(4)][:]
        with torch.autocast('cpu', torch.bfloat16):
            y = conv(x)
        y.float().square().mean().backward()
        return y.dtype, conv.weight.grad

    dtype, expected = gradient((2, 2, 2))
    assert dtype == torch.float32
    for _ in range(20):
        assert torch.equal(gradient((2, 2, 2))[1], expected)
    assert gradient((4, 4, 4))[0] == torch.bfloat16
