"""What pip is told, in uv's words."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest

from lab.paths import repository_root


@pytest.fixture(scope="module")
def uv_settings() -> ModuleType:
    spec = importlib.util.spec_from_file_location("uv_settings", repository_root() / "tools" / "uv_settings.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_nothing_is_said(uv_settings: ModuleType) -> None:
    assert uv_settings.translate([]) == {"UV_INDEX_STRATEGY": "unsafe-best-match"}


def test_the_environment_goes_before_the_files_and_installing_before_all(uv_settings: ModuleType) -> None:
    lines = [
        ":env:.index-url='https://two.example/simple'",
        "global.cert='/etc/ca.pem'",
        "global.extra-index-url='https://a.example\\nhttps://b.example'",
        "global.find-links='/one /two'",
        "global.index-url='https://one.example/simple'",
        "global.progress-bar='off'",
        "global.timeout='60'",
        "install.timeout='90'",
    ]
    assert uv_settings.translate(lines) == {
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_DEFAULT_INDEX": "https://two.example/simple",
        "UV_INDEX": "https://a.example https://b.example",
        "UV_FIND_LINKS": "/one,/two",
        "UV_HTTP_TIMEOUT": "90",
        "SSL_CERT_FILE": "/etc/ca.pem",
    }


def test_what_has_no_counterpart_is_pips(uv_settings: ModuleType) -> None:
    with pytest.raises(KeyError):
        uv_settings.translate(["global.client-cert='/etc/client.pem'"])
    # What is for another command of pip is not in the way.
    assert uv_settings.translate(["list.format='columns'"]) == uv_settings.ALWAYS
