"""Interception without a socket: proxy settings, and the certificates that programs trust."""

import ssl
from pathlib import Path

import pytest
import trustme

from mockbatch.intercept import HOST, InterceptError
from mockbatch.intercept.certificate import certified
from mockbatch.intercept.roots import write_bundles
from mockbatch.intercept.settings import Bypass, UpstreamProxy, upstream_of, variables

ROOT = b"-----BEGIN CERTIFICATE-----\nours\n-----END CERTIFICATE-----"


@pytest.mark.parametrize(
    ("no_proxy", "kept"),
    [
        ("", ()),
        ("*", ()),
        ("example.com, .internal,10.0.0.0/8", ("example.com", ".internal", "10.0.0.0/8")),
        (f"{HOST},db", ("db",)),
        ("api.Anthropic.com:443,db", ("db",)),
        ("anthropic.com,.anthropic.com,*.anthropic.com,com", ()),
        ("xanthropic.com,api.anthropic.com.example,api.anthropic.com:8443", None),
        (", ,", ()),
    ],
)
def test_what_would_keep_the_host_from_the_proxy_is_taken_out_of_no_proxy(
    no_proxy: str, kept: tuple[str, ...] | None
) -> None:
    assert Bypass.of({"NO_PROXY": no_proxy}).kept == (tuple(no_proxy.split(",")) if kept is None else kept)


@pytest.mark.parametrize(
    ("host", "port", "is_named"),
    [
        ("example.com", 443, True),
        ("a.example.com", 443, True),
        ("notexample.com", 443, False),
        ("db", 5432, True),
        ("db", 443, False),
        ("localhost", 1, True),
        ("127.9.9.9", 1, True),
        ("::1", 1, True),
        ("fe80::1", 1, False),
    ],
)
def test_this_machine_and_hosts_in_no_proxy_need_no_proxy(host: str, port: int, is_named: bool) -> None:
    assert Bypass.of({"no_proxy": "*, EXAMPLE.com,db:5432"}).has(host, port) is is_named


@pytest.mark.parametrize(
    ("environ", "upstream"),
    [
        ({}, None),
        ({"HTTP_PROXY": "http://plain:1", "https_proxy": ""}, None),
        ({"HTTPS_PROXY": "http://upper:1", "https_proxy": "lower:3128"}, UpstreamProxy("lower", 3128, False, None)),
        ({"ALL_PROXY": "https://all"}, UpstreamProxy("all", 443, True, None)),
        ({"HTTPS_PROXY": "http://me:p%40ss@[::1]:8"}, UpstreamProxy("::1", 8, False, "Basic bWU6cEBzcw==")),
    ],
)
def test_the_proxy_of_the_environment_is_found(environ: dict[str, str], upstream: UpstreamProxy | None) -> None:
    """Of https, in the order in which programs look for it."""
    assert upstream_of(environ) == upstream


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("socks5://user:secret@host:1", "HTTPS_PROXY is a socks5 proxy; only http and https proxies"),
        ("http://user:secret@host:port", "HTTPS_PROXY is not the URL of a proxy"),
        ("http://[half", "HTTPS_PROXY is not the URL of a proxy"),
        ("http://", "HTTPS_PROXY is not the URL of a proxy"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_refused(url: str, message: str) -> None:
    """Without its password."""
    with pytest.raises(InterceptError) as refused:
        upstream_of({"HTTPS_PROXY": url})
    assert str(refused.value).startswith(message)
    assert "secret" not in str(refused.value)


def test_only_https_is_led_to_the_proxy_unless_a_run_is_offline() -> None:
    """In both spellings, as programs look at one of them only."""
    bypass = Bypass.of({"NO_PROXY": "db,localhost"})
    here = {"no_proxy": "db,localhost,127.0.0.1,::1", "NO_PROXY": "db,localhost,127.0.0.1,::1"}
    online = variables("http://p", bypass, offline=False)
    assert online == {"NODE_USE_ENV_PROXY": "1", "https_proxy": "http://p", "HTTPS_PROXY": "http://p", **here}
    offline = variables("http://p", bypass, offline=True)
    more = dict.fromkeys(("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"), "http://p")
    assert offline == online | more


def test_each_bundle_has_what_was_trusted_before_and_ours(tmp_path: Path) -> None:
    """The files and folders that variables name, else the roots of the system; Node's are built in."""
    mine, others, folder = tmp_path / "mine.pem", tmp_path / "others.pem", tmp_path / "folder"
    folder.mkdir()
    for path in (mine, others, folder / "deadbeef.0"):
        trustme.CA(organization_name=path.name).cert_pem.write_to_path(path)
    (folder / "README").write_bytes(b"\xff no certificate")
    environ = {"SSL_CERT_FILE": str(mine), "REQUESTS_CA_BUNDLE": str(folder), "NODE_EXTRA_CA_CERTS": str(others)}
    files = write_bundles(tmp_path, environ, ROOT)
    read = {name: Path(path).read_bytes() for name, path in files.items()}
    assert read == {
        "SSL_CERT_FILE": mine.read_bytes() + ROOT,
        "REQUESTS_CA_BUNDLE": (folder / "deadbeef.0").read_bytes() + ROOT,
        "CURL_CA_BUNDLE": mine.read_bytes() + ROOT,
        "NODE_EXTRA_CA_CERTS": others.read_bytes() + ROOT,
    }
    read = {name: Path(path).read_bytes() for name, path in write_bundles(tmp_path, {}, ROOT).items()}
    assert read["NODE_EXTRA_CA_CERTS"] == ROOT
    assert read["SSL_CERT_FILE"] == read["REQUESTS_CA_BUNDLE"] == read["CURL_CA_BUNDLE"]
    assert read["SSL_CERT_FILE"].count(b"BEGIN CERTIFICATE") > 50
    with_folder = write_bundles(tmp_path, {"SSL_CERT_DIR": f"{folder}:/nowhere"}, ROOT)["SSL_CERT_FILE"]
    assert (folder / "deadbeef.0").read_bytes().strip() in Path(with_folder).read_bytes()


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"])
def test_a_bundle_that_is_not_there_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InterceptError, match=f"^{name} names /nowhere, which cannot be read: No such file"):
        write_bundles(tmp_path, {name: "/nowhere"}, ROOT)


def test_no_key_is_left_on_disk(tmp_path: Path) -> None:
    """And what is there besides says nothing secret."""
    context, root = certified(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert isinstance(context, ssl.SSLContext)
    assert b"PRIVATE" not in root


def test_a_certificate_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(InterceptError, match=r"^the certificate cannot be made: "):
        certified(tmp_path / "gone")
    with pytest.raises(InterceptError, match=r"^the certificate cannot be written to "):
        write_bundles(tmp_path / "gone", {}, ROOT)
