"""Requests that HTTP servers have stumbled over, byte for byte, and how many answers each may get."""

import gzip
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from tests.campaign.drawn import Luck
from tests.campaign.wire import request

_KEY = "sk-ant-bytes"
_HOST = b"host: 127.0.0.1\r\nx-api-key: sk-ant-bytes\r\nanthropic-version: 2023-06-01\r\n"
_GET = b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
_CREATE = "/v1/messages/batches"
_BODY = b'{"requests":[{"custom_id":"a","params":{"model":"claude-haiku-4-5","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}}]}'


class Raw(NamedTuple):
    """Bytes to send. More than `most` answers mean that something was smuggled; fewer than `least`, a silence."""

    name: str
    data: bytes
    most: int = 1
    least: int = 1
    ends: bool = True
    """Whether the bytes are whole, so that an answer is owed; else we stop sending and say so."""
    pause: float = 0.15
    """How many seconds to wait for an answer too many."""
    refused: bool = False


def _post(headers: bytes, body: bytes) -> bytes:
    return b"POST /v1/messages/batches HTTP/1.1\r\n" + _HOST + headers + b"\r\n" + body


def framing() -> Iterator[Raw]:
    """Two ways to tell where a body ends; whoever believes the other one reads a second request."""
    inner = b"0\r\n\r\n" + _GET
    size = b"content-length: %d\r\n" % len(inner)
    chunked = b"transfer-encoding: chunked\r\n"
    yield Raw("CL+TE", _post(size + chunked, inner))
    yield Raw("TE+CL", _post(chunked + size, inner))
    yield Raw("TE+CL of 4", _post(b"content-length: 4\r\n" + chunked, b"5c\r\n" + _GET + b"0\r\n\r\n"))
    yield Raw("two CL", _post(b"content-length: 0\r\n" + size, inner))
    yield Raw("two CL that agree", _post(b"content-length: 5\r\ncontent-length: 5\r\n", b"hello"))
    yield Raw("CL list", _post(b"content-length: 0, %d\r\n" % len(inner), inner))
    for text in (b"+5", b"-1", b"0x5", b"5 5", b"1e1", b"", b"5\x00", b"\xb2", b"9" * 30, b"00000000000000000005_"):
        yield Raw(f"CL {text!r}", _post(b"content-length: %b\r\n" % text, b"hello"), least=0, ends=False)
    names = (
        b"xchunked",
        b"chunked, identity",
        b"identity, chunked",
        b"chunked, chunked",
        b" chunked\t",
        b"\x0bchunked",
    )
    for text in (*names, b"CHUNKED\r\n transfer-encoding: x", b"chunked;q=1", b"gzip, chunked", b'"chunked"'):
        yield Raw(f"TE {text!r}", _post(b"transfer-encoding: %b\r\n" % text + size, inner))
    for name in (
        b"transfer-encoding ",
        b" transfer-encoding",
        b"transfer_encoding",
        b"transfer-encoding\x00",
        b"x\r\n\ttransfer-encoding",
    ):
        yield Raw(f"TE as {name!r}", _post(name + b": chunked\r\n" + size, inner))
    yield Raw("obs-fold", _post(b"x-a: b\r\n c: d\r\ncontent-length: 0\r\n", b""))
    yield Raw("bare LF", _post(b"x-a: b\ncontent-length: 0\n", b"").replace(b"\r\n", b"\n"), least=0, ends=False)
    yield Raw("bare CR", _post(b"x-a: b\rcontent-length: 0\r\n", b""), least=0, ends=False)
    yield Raw(
        "GET with a body that is a request",
        b"GET /health HTTP/1.1\r\n" + _HOST + b"content-length: %d\r\n\r\n" % len(_GET) + _GET,
    )
    yield Raw("TE in HTTP/1.0", _post(chunked, inner).replace(b"HTTP/1.1", b"HTTP/1.0"), least=0)


def chunks() -> Iterator[Raw]:
    """Bodies in chunks that are not quite right."""
    head = b"transfer-encoding: chunked\r\n"
    for text in (b"5\nhello\n0\n\n", b"5\r\nhello0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n"):
        yield Raw(f"chunk {text!r}", _post(head, text))
    for text in (
        b"5 \r\nhello\r\n0\r\n\r\n",
        b"ffffffffffffffffffff\r\nx",
        b"\r\n",
        b"5;\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhell",
    ):
        yield Raw(f"chunk {text!r}", _post(head, text), least=0, ends=False)
    yield Raw("chunk with a long extension", _post(head, b"5;" + b"x" * 100_000 + b"\r\nhello\r\n0\r\n\r\n"), least=0)
    yield Raw("trailers", _post(head, b"5\r\nhello\r\n0\r\nx-api-key: other\r\ncontent-length: 9\r\n\r\n"))
    yield Raw("long trailers", _post(head, b"5\r\nhello\r\n0\r\n" + b"x: y\r\n" * 50_000 + b"\r\n"), least=0)
    each = b"".join(b"1\r\n%c\r\n" % byte for byte in _BODY)
    yield Raw("chunks of one byte", _post(head, each + b"0\r\n\r\n"))


def lines() -> Iterator[Raw]:
    """Versions, methods, targets and protocols."""
    for line in (
        b"GET /health HTTP/0.9",
        b"GET /health HTTP/1.2",
        b"GET /health HTTP/2.0",
        b"GET /health HTTP/3",
        b"GET /health HTTP/11",
    ):
        yield Raw(f"{line!r}", line + b"\r\nhost: a\r\n\r\n", least=0)
    for line in (
        b"GET /health",
        b"GET  /health HTTP/1.1",
        b"get /health HTTP/1.1",
        b"G\x00T / HTTP/1.1",
        b"TRACE / HTTP/1.1",
        b"CONNECT a:1 HTTP/1.1",
    ):
        yield Raw(f"{line!r}", line + b"\r\nhost: a\r\n\r\n", least=0, ends=False)
    for path in (
        b"/%",
        b"/%zz",
        b"/%00",
        b"/%c0%ae%c0%ae/",
        b"/v1//messages",
        b"/\xff",
        b"//",
        b"http://a/health",
        b"*",
        b"/v1/messages%2fbatches",
        b"/v1/messages/batches/%ed%a0%80",
        b"/v1/models/" + b"a" * 60_000,
        b"/?" + b"a=b&" * 10_000,
    ):
        yield Raw(f"path {path[:30]!r}", b"GET " + path + b" HTTP/1.1\r\n" + _HOST + b"\r\n", least=0)
    for word in (b"websocket", b"h2c", b"TLS/1.0", b"x"):
        yield Raw(
            f"upgrade {word!r}",
            b"GET /health HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: "
            + word
            + b"\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n",
        )
    yield Raw("TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)), least=0)
    yield Raw("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", least=0)
    yield Raw("SSH", b"SSH-2.0-OpenSSH_9.0\r\n", least=0, ends=False)
    yield Raw("expect", _post(b"expect: 100-continue\r\ncontent-length: 2\r\n", b"{}"))
    yield Raw("expect something else", _post(b"expect: 42\r\ncontent-length: 2\r\n", b"{}"))
    yield Raw("pipelined 300", _GET * 300, most=300, least=300)
    yield Raw("no host", b"GET /health HTTP/1.1\r\n\r\n")
    yield Raw("empty lines before", b"\r\n\r\n" + _GET)


def headers() -> Iterator[Raw]:
    """Headers that are too large, too many, or without an end."""
    start = b"GET /health HTTP/1.1\r\n" + _HOST
    yield Raw("a header of 1 MB", start + b"x-a: " + b"a" * (1 << 20) + b"\r\n\r\n", least=0, refused=True)
    yield Raw("a header of 20 MB", start + b"x-a: " + b"a" * (20 << 20) + b"\r\n\r\n", least=0, refused=True)
    yield Raw("a header without an end", start + b"x-a: " + b"a" * (20 << 20), least=0, ends=False)
    yield Raw("100,000 headers", start + b"x-a: b\r\n" * 100_000 + b"\r\n", least=0, refused=True)
    yield Raw("a name of 1 MB", start + b"a" * (1 << 20) + b": x\r\n\r\n", least=0, refused=True)
    yield Raw("a target of 1 MB", b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\nhost: a\r\n\r\n", least=0, refused=True)
    yield Raw("a method of 1 MB", b"G" * (1 << 20) + b" / HTTP/1.1\r\nhost: a\r\n\r\n", least=0, refused=True)
    for text in (b"\x00", b"\x7f", b"\xff\xfe", "é".encode(), b"\x01\x02"):
        yield Raw(f"a value {text!r}", start + b"x-a: " + text + b"\r\n\r\n", least=0)
    for name in (b"", b"x y", b"x\x00", b"(", "é".encode()):
        yield Raw(f"a name {name!r}", start + name + b": x\r\n\r\n", least=0)
    for text in (b"9" * 5000, b"-1", b"x", b"\xb2"):
        yield Raw(f"retry-count {text[:9]!r}", start + b"x-stainless-retry-count: " + text + b"\r\n\r\n", least=0)


def _bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    slab = b" " * (1 << 20)
    return b"".join(packer.compress(slab) for _ in range(megabytes)) + packer.flush()


def bodies(short: bool) -> Iterator[Raw]:
    """Bodies that inflate, nest, or are hardly JSON."""
    packed = gzip.compress(_BODY)
    coded = {
        "gzip bomb": ("gzip", _bomb(64 if short else 1024)),
        "gzip in gzip": ("gzip, gzip", gzip.compress(_bomb(64))),
        "gzip that is cut": ("gzip", packed[:-9]),
        "gzip and something behind": ("gzip", packed + b"trailing"),
        "two gzips": ("gzip", packed + packed),
        "deflate": ("deflate", zlib.compress(b" " * (64 << 20))),
        "no gzip at all": ("gzip", _BODY),
        "an unknown coding": ("x-none", _BODY),
        "codings of 10,000": (", ".join(["gzip"] * 10_000), packed),
    }
    for name, (coding, body) in coded.items():
        yield Raw(name, request("POST", _CREATE, _KEY, body, {"content-encoding": coding}), pause=0.005)
    deep = b"[" * 1_000_000
    params = b'{"requests":[{"custom_id":"a","params":%b}]}'
    texts = {
        "deep list": deep,
        "deep object": b'{"a":' * 200_000,
        "deep params": params % (b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
        "deep schema": params
        % (
            b'{"model":"claude-haiku-4-5","max_tokens":9,"messages":[{"role":"user","content":"x"}],"output_config":{"format":{"type":"json_schema","schema":'
            + b'{"type":"array","items":' * 5000
            + b"{}"
            + b"}" * 5000
            + b"}}}"
        ),
        "a million digits": params % (b'{"max_tokens":' + b"9" * 1_000_000 + b"}"),
        "a million digits behind the point": params % (b'{"temperature":0.' + b"9" * 1_000_000 + b"}"),
        "an exponent": params % b'{"max_tokens":1e999999999}',
        **{
            word: params % b'{"max_tokens":%b}' % word.encode()
            for word in ("NaN", "Infinity", "-Infinity", "-0", "01", "1.", ".5", "0x1", "+1")
        },
        "BOM": b"\xef\xbb\xbf" + _BODY,
        "UTF-16": _BODY.decode().encode("utf-16"),
        "UTF-32": _BODY.decode().encode("utf-32"),
        "not UTF-8": params % b'{"model":"\xff\xfe"}',
        "overlong": params % b'{"model":"\xc0\xaf"}',
        "lone surrogate": params % b'{"model":"\\ud800"}',
        "raw surrogate": params % b'{"model":"\xed\xa0\x80"}',
        "surrogate as custom_id": b'{"requests":[{"custom_id":"\\udfff","params":{}}]}',
        "NUL": params % b'{"model":"\\u0000"}',
        "raw NUL": b"\x00" + _BODY,
        "double keys": b'{"requests":[],"requests":[{"custom_id":"a","custom_id":"b","params":{},"params":{"model":1}}]}',
        "two values": _BODY + _BODY,
        "comma at the end": b'{"requests":[],}',
        "comments": b'{/* x */"requests":[]}',
        "nothing": b"",
        "blanks": b" " * 1_000_000,
        "a million commas": b"[" + b"," * 1_000_000,
        "a string without an end": b'{"requests":["' + b"a" * 1_000_000,
        "200,000 keys": b"{" + b",".join(b'"%d":1' % number for number in range(200_000)) + b"}",
        "escapes": b'{"requests":["' + b"\\u00e9" * 200_000 + b'"]}',
    }
    for at, (name, body) in enumerate(texts.items()):
        every = (
            _CREATE,
            "/v1/messages",
            "/v1/messages/count_tokens",
            "/_mockbatch/rules",
            "/_mockbatch/sessions",
            "/_mockbatch/clock/advance",
        )
        for path in every[at % 3 :: 3] if short else every:
            yield Raw(f"{name} to {path}", request("POST", path, _KEY, body), pause=0.005)


def mutated(luck: Luck) -> Raw:
    """A valid request in which some bytes are others, missing, or there twice."""
    path = luck.choice((_CREATE, "/v1/messages", "/_mockbatch/rules", "/health"))
    data = bytearray(request("POST", path, _KEY, _BODY))
    end = len(data) if luck.random() < 0.5 else data.index(b"\r\n\r\n") + 4
    for _ in range(luck.choice((1, 1, 2, 5))):
        at = luck.randrange(min(end, len(data)) - 8)
        match luck.randrange(4):
            case 0:
                data[at] = luck.choice((0, 10, 13, 32, 58, 255, luck.randrange(256)))
            case 1:
                del data[at : at + luck.randint(1, 8)]
            case 2:
                data[at:at] = data[at : at + luck.randint(1, 20)]
            case _:
                data[at:at] = luck.choice(
                    (b"\r\n", b"\n", b"\r\n\r\n", b": ", b"\x00", b"transfer-encoding: chunked\r\n")
                )
    return Raw("mutation", bytes(data), most=3, least=0, ends=False, pause=0.01)
