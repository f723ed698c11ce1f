"""What a library writes to file descriptor 2 is hidden for a block, and for it alone."""

import os
import warnings

import pytest

from mmpose_ours.io.native_output import native_output_hidden


def native(text):
    os.write(2, text.encode())


def test_a_block_is_silent(capfd):
    native('before\n')
    with native_output_hidden():
        native('greeting\n')
        warnings.warn('deprecated', UserWarning, stacklevel=1)
    native('after\n')
    assert capfd.readouterr().err == 'before\nafter\n'


def test_an_error_passes_and_the_output_is_back(capfd):
    with pytest.raises(ZeroDivisionError), native_output_hidden():
        raise ZeroDivisionError
    native('after\n')
    assert capfd.readouterr().err == 'after\n'


def test_nothing_is_hidden_from_a_debugger(capfd, monkeypatch):
    monkeypatch.setenv('MMPOSE_OURS_DEBUG', '1')
    with native_output_hidden():
        native('greeting\n')
    assert capfd.readouterr().err == 'greeting\n'
